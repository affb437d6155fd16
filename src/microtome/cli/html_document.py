"""What `microtome export --html` puts into a file, by what lies at a path."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from microtome.artifact.json_file import read_json_value
from microtome.artifact.manifest import with_article
from microtome.errors import MicrotomeError

if TYPE_CHECKING:
    from microtome.atlas.query import Atlas

_CAN = "a file can hold a graph, a feature of an atlas (--feature L3/127), an evaluation or a run"


def html_document(
    path: str, feature: str | None, atlas: str | None, nodes: float, edges: float
) -> tuple[Any, str]:
    """A document for the viewer, and the title of its page.

    Args:
        path: of a graph, an atlas, an evaluation or a run.
        feature: of the atlas, as it is written: L3/127.
        atlas: of the graph's dictionary; by default the bundled one of a specimen.
        nodes: share of influence whose nodes are kept.
        edges: share of edge influence that is kept.

    Raises:
        MicrotomeError: nothing that a file can hold, or options that do not go with it.
    """
    folder = _atlas(path)
    kind = _kind(folder)
    if feature is not None and kind != "atlas":
        raise MicrotomeError(f"--feature goes with an atlas, and {path} holds {with_article(kind)}")
    if atlas is not None and kind != "graph":
        raise MicrotomeError(f"--atlas goes with a graph, and {path} holds {with_article(kind)}")
    match kind:
        case "graph":
            return _graph(folder, atlas, nodes, edges)
        case "atlas":
            return _feature(folder, feature)
        case "evaluation":
            return _evaluation(folder)
        case "run":
            return _run(folder)
    raise MicrotomeError(f"{path} holds {with_article(kind)}; {_CAN}")


def _kind(folder: Path) -> str:
    from microtome.artifact import read_manifest
    from microtome.artifact.manifest import FILE_NAME
    from microtome.artifact.names import RECIPE

    if not folder.exists():
        raise MicrotomeError(f"{folder} does not exist")
    if (folder / FILE_NAME).is_file():
        return read_manifest(folder).kind
    if folder.is_file() and folder.suffix == ".json":
        return "graph"
    if (folder / RECIPE).is_file():
        return "run"
    raise MicrotomeError(f"{folder} is no artifact of microtome; {_CAN}")


def _graph(path: Path, atlas: str | None, nodes: float, edges: float) -> tuple[Any, str]:
    from microtome.circuit import load_graph, prune
    from microtome.circuit.artifact import load_state
    from microtome.circuit.document import graph_document
    from microtome.circuit.verify import load_verification

    graph = load_graph(path)
    known = _atlas_of(graph.info, atlas)
    if path.is_file():  # another tool has pruned it
        return graph_document(graph, known), graph.prompt.text
    kept, state, tested = prune(graph, nodes, edges), load_state(path), load_verification(path)
    document = graph_document(graph, known, kept, state, tested)
    return document, graph.prompt.text


def _atlas_of(info: dict[str, Any], named: str | None) -> "Atlas | None":
    """The atlas of a graph's dictionary: the one that was named, or else a bundled one.

    Raises:
        MicrotomeError: the one that was named is of another dictionary.
    """
    from microtome.atlas.query import open_atlas

    folder = _bundled_atlas(str(info.get("dictionary", ""))) if named is None else _atlas(named)
    if folder is None:
        return None
    atlas = open_atlas(folder)
    wanted = info.get("dictionary_fingerprint", "unknown")
    if atlas.dictionary_fingerprint == wanted:
        return atlas
    if named is None:
        return None
    raise MicrotomeError(
        f"atlas {named} is of the dictionary {atlas.dictionary_fingerprint}, and the graph is of "
        f"{wanted}; name the atlas of the graph's dictionary"
    )


def _atlas(name: str) -> Path:
    from microtome.specimen.load import PREFIX, specimen_path

    return specimen_path(name, "atlas") if name.startswith(PREFIX) else Path(name)


def _bundled_atlas(dictionary: str) -> Path | None:
    """Of a specimen, if this install has one."""
    from microtome.specimen.load import PREFIX

    if not dictionary.startswith(PREFIX):
        return None
    try:
        return _atlas(dictionary.partition("/")[0])
    except MicrotomeError:
        return None


def _feature(folder: Path, feature: str | None) -> tuple[Any, str]:
    from microtome.atlas.query import open_atlas

    if feature is None:
        raise MicrotomeError(f"{folder} is an atlas; name one of its features: --feature L3/127")
    atlas = open_atlas(folder)
    page = atlas.page(*atlas.parse_name(feature))
    title = f"{page.name}: {page.label}" if page.label else page.name
    return {"kind": "feature", "page": page}, title


def _evaluation(folder: Path) -> tuple[Any, str]:
    from microtome.artifact.names import EVALUATION

    found = read_json_value(folder / EVALUATION)
    return {"kind": "evaluation", "evaluation": found}, f"Evaluation {folder.resolve().name}"


def _run(folder: Path) -> tuple[Any, str]:
    from microtome.server.runs import is_active, read_metrics, run_recipe, run_steps
    from microtome.server.schema import RunInfo

    step, steps = run_steps(folder)
    finished = bool(steps) and step >= steps
    rows, at = [], 0
    while (part := read_metrics(folder, at)).next > at:
        rows += part.rows
        at = part.next
    info = RunInfo(
        id="",
        recipe=run_recipe(folder),
        steps=steps,
        step=step,
        finished=finished,
        active=not finished and is_active(folder),
        dictionaries=[],
        evaluations=[],
    )
    return {"kind": "run", "run": info, "metrics": rows}, f"Run {folder.resolve().name}"
