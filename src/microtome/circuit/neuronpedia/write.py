"""From a pruned graph to JSON, and the index of a folder of graphs."""

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool
from pydantic import ValidationError
from torch import Tensor

from microtome.artifact.json_file import read_json
from microtome.artifact.whole import whole_file
from microtome.circuit.graph import Graph
from microtome.circuit.neuronpedia.schema import FEATURE_TYPES, Kept, QParams, complaint, entries
from microtome.circuit.prune import Pruned
from microtome.errors import MicrotomeError

INDEX = "graph-metadata.json"
_NOT_SETTINGS = ("neuronpedia", "supernodes", "pinned", "selected", "warnings")


def to_neuronpedia(pruned: Pruned, slug: str, scan: str = "") -> dict[str, Any]:
    """The kept part of a graph as a document of the format.

    A graph that was read from such a document gets its metadata and fields back; the influence
    of its nodes is the recorded one if it is `whole`, and counted anew if it is pruned.

    Args:
        pruned: what to write; `whole(graph)` for all of it.
        slug: name of the graph in the viewer.
        scan: name of the model or the dictionary there; by default the model's.

    Raises:
        MicrotomeError: two nodes have the same id, because a target was asked for twice.
    """
    graph, held = pruned.graph, Kept.of(pruned.graph)
    fields = entries(graph, pruned.cumulative)
    for i, other in held.nodes.items():
        fields[i] |= other
    has_place = torch.tensor([kind in FEATURE_TYPES for kind in graph.nodes.kind], dtype=torch.bool)
    keep = pruned.nodes & has_place
    kept = keep.nonzero()[:, 0].tolist()
    _refuse_repeated(fields, kept, graph)
    links = _links(pruned, fields, keep, held.links)
    left_out = pruned.edges & ~has_place[graph.columns]
    return {
        "metadata": _metadata(pruned, held, slug, scan, int(left_out.sum())),
        "qParams": _q_params(graph, held, fields, set(kept)),
        "nodes": [fields[i] for i in kept],
        "links": links,
        **held.document,
    }


def _refuse_repeated(fields: list[dict], kept: list[int], graph: Graph) -> None:
    seen = set()
    for i in kept:
        # older files share ids between errors and features, and get them back
        key = (fields[i]["node_id"], graph.nodes.kind[i] == "error")
        if key in seen:
            raise MicrotomeError(
                f"two nodes of the graph have the id {key[0]}; trace each target only once"
            )
        seen.add(key)


def _links(
    pruned: Pruned, fields: list[dict], keep: Bool[Tensor, " nodes"], odd: list[dict]
) -> list[dict[str, Any]]:
    """Kept edges by target, then source; the odd links of a file instead of the edge they make."""
    graph, n = pruned.graph, len(fields)
    inside = keep[graph.rows][:, None] & keep[graph.columns]
    at = (pruned.edges & inside).nonzero()
    target, source = graph.rows[at[:, 0]], graph.columns[at[:, 1]]
    weights = graph.edges[at[:, 0], at[:, 1]].double()
    ids = [entry.get("node_id", "") for entry in fields]
    out = {
        t * n + s: [{"source": ids[s], "target": ids[t], "weight": weight}]
        for t, s, weight in zip(target.tolist(), source.tolist(), weights.tolist(), strict=True)
    }
    if odd:
        allowed = inside & (pruned.edges | (graph.edges == 0))
        out |= _by_pair(graph, ids, allowed, odd)
    return [link for pair in sorted(out) for link in out[pair]]


def _by_pair(
    graph: Graph, ids: list[str], allowed: Bool[Tensor, "targets sources"], odd: list[dict]
) -> dict[int, list[dict[str, Any]]]:
    # features last, so that an id they share with an error is theirs
    order = sorted(range(len(ids)), key=lambda i: graph.nodes.kind[i] == "feature")
    index = {ids[i]: i for i in order}
    row = {node: r for r, node in enumerate(graph.rows.tolist())}
    column = {node: c for c, node in enumerate(graph.columns.tolist())}
    out: dict[int, list[dict[str, Any]]] = {}
    for link in odd:
        t, s = index.get(link["target"], -1), index.get(link["source"], -1)
        if t in row and s in column and bool(allowed[row[t], column[s]]):
            out.setdefault(t * len(ids) + s, []).append(dict(link))
    return out


def _metadata(pruned: Pruned, held: Kept, slug: str, scan: str, left_out: int) -> dict[str, Any]:
    graph = pruned.graph
    thresholds = {"node_threshold": pruned.node_threshold, "edge_threshold": pruned.edge_threshold}
    if held.metadata:
        out = held.metadata | {"slug": slug} | ({"scan": scan} if scan else {})
        if min(thresholds.values()) < 1:
            settings = out.get("pruning_settings")
            settings = settings if isinstance(settings, dict) else {}
            out["node_threshold"] = pruned.node_threshold
            out["pruning_settings"] = settings | thresholds
        return out
    dictionary = graph.info.get("dictionary")
    return {
        "slug": slug,
        "scan": scan or str(graph.info.get("model", "")),
        "transcoder_list": [str(dictionary)] if dictionary else [],
        "prompt_tokens": list(graph.prompt.strings),
        "prompt": graph.prompt.text,
        "node_threshold": pruned.node_threshold,
        "schema_version": 1,
        "info": {"generator": {"name": "microtome", "version": _version()}},
        "generation_settings": {k: v for k, v in graph.info.items() if k not in _NOT_SETTINGS},
        "pruning_settings": thresholds | {"edges_left_out": left_out},
    }


def _version() -> str:
    try:
        return version("microtome")
    except PackageNotFoundError:
        return "0"


def _q_params(graph: Graph, held: Kept, fields: list[dict], kept: set[int]) -> dict[str, Any]:
    """Pinned, grouped and selected nodes, given as ids or `Nodes.name`s; those that are left out
    are dropped."""
    try:
        groups = QParams(
            pinnedIds=graph.info.get("pinned", []), supernodes=graph.info.get("supernodes", [])
        )
    except ValidationError as error:
        raise MicrotomeError(complaint("graph.info", error)) from error
    ids: dict[str, str] = {}
    gone: set[str] = set()
    clicked = str(graph.info.get("selected") or "")
    if groups.pinnedIds or groups.supernodes or clicked:
        ids = {graph.nodes.name(i): fields[i]["node_id"] for i in range(len(fields)) if fields[i]}
        gone = {fields[i]["node_id"] for i in range(len(fields)) if fields[i] and i not in kept}
        gone -= {fields[i]["node_id"] for i in kept}

    def written(names: list[str]) -> list[str]:
        return [i for i in (ids.get(name, name) for name in names) if i not in gone]

    supernodes = []
    for label, *members in groups.supernodes:
        left = written(members)
        if left or not members:
            supernodes.append([label, *left])
    defaults = {"linkType": "both", "clickedId": "", "sg_pos": ""}
    chosen = {"clickedId": "".join(written([clicked]))} if clicked else {}
    groups = {"pinnedIds": written(groups.pinnedIds), "supernodes": supernodes}
    return groups | defaults | held.qParams | chosen


def write_neuronpedia(
    pruned: Pruned, path: Path, slug: str | None = None, scan: str = "", force: bool = False
) -> dict:
    """Write a pruned graph as a JSON file, and list it in `graph-metadata.json` beside it.

    Args:
        pruned: what to write.
        path: the file, ending in .json.
        slug: name of the graph in the viewer, which looks for `{slug}.json`; by default the
            file's name.
        scan: see `to_neuronpedia`.
        force: replace the file if it exists.

    Returns:
        The document that was written.

    Raises:
        MicrotomeError: the file exists or cannot be written, or the index there is not one.
    """
    path = Path(path)
    if path.suffix != ".json" or path.name == INDEX or path.is_dir():
        raise MicrotomeError(f"output {path} is not a name for a graph file, such as answer.json")
    if (path.parent / "manifest.json").exists():
        raise MicrotomeError(f"output {path} lies inside an artifact; choose a path outside it")
    if path.exists() and not force:
        raise MicrotomeError(f"output file {path} exists; pass --force to replace it")
    document = to_neuronpedia(pruned, path.stem if slug is None else slug, scan)
    index = path.with_name(INDEX)
    texts = {path: _text(document, path), index: _text(_indexed(index, document), index)}
    for file, text in texts.items():
        whole_file(file, text)
    return document


def _indexed(index: Path, document: dict[str, Any]) -> dict[str, Any]:
    """The index with a graph's metadata in the place of those with its slug, or at the end."""
    metadata = document["metadata"]
    old = read_json(index) if index.exists() else {"graphs": []}
    graphs = old.get("graphs")
    if not isinstance(graphs, list) or not all(isinstance(graph, dict) for graph in graphs):
        raise MicrotomeError(f"{index} has no list of graphs; move it away to start a new one")
    slugs = [graph.get("slug") for graph in graphs]
    at = slugs.index(metadata["slug"]) if metadata["slug"] in slugs else len(graphs)
    return {**old, "graphs": [*graphs[:at], metadata, *graphs[at + 1 :]]}


def _text(value: dict[str, Any], path: Path) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n"
        text.encode()
        return text
    except (TypeError, ValueError) as error:
        raise MicrotomeError(f"cannot write {path}: the graph holds {error}") from error
