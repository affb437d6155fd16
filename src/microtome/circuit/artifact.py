"""The graph artifact: manifest.json, nodes.json, edges.safetensors (rows compressed), and the
view.json that a reader's pins and groups are kept in."""

from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    StrictStr,
    ValidationError,
    field_validator,
)
from safetensors.torch import save_file
from torch import Tensor

from microtome.artifact import Manifest, new_artifact, read_manifest
from microtome.artifact.json_file import read_as, read_json, wrong_field
from microtome.artifact.manifest import KEPT_BESIDE
from microtome.artifact.whole import whole_file
from microtome.circuit.graph import KINDS, Graph, Nodes, Prompt
from microtome.circuit.view import ViewState
from microtome.dictionary.tensors import TensorFile
from microtome.errors import MicrotomeError

NODES, EDGES = "nodes.json", "edges.safetensors"
VIEW, _ = KEPT_BESIDE["graph"]


class _Info(BaseModel):
    """What is read of a graph's `info`; the rest is kept as it is."""

    warnings: list[Any] = []
    skip_positions: list[Annotated[StrictInt, Field(ge=0)]] = []
    differences: dict[str, tuple[StrictInt, StrictInt]] = {}
    pinned: list[StrictStr] = []
    supernodes: list[list[StrictStr]] = []


class GraphContent(BaseModel):
    """What the manifest of a graph says of it."""

    model_config = ConfigDict(extra="forbid")

    prompt: str
    tokens: list[Annotated[int, Field(ge=-1, lt=2**31)]]
    """Ids; -1 where another tool did not say them."""
    strings: list[str]
    n_layers: Annotated[int, Field(ge=0, lt=2**15)]
    scores: dict[str, float | None]
    counts: dict[str, int]
    """Nodes of each kind, edges."""
    info: dict[str, Any]

    @field_validator("info")
    @classmethod
    def _can_be_read(cls, info: dict[str, Any]) -> dict[str, Any]:
        try:
            _Info.model_validate(info)
        except ValidationError as error:
            raise ValueError(f"info.{wrong_field(error)}") from error
        return info


class NodeColumns(BaseModel):
    """What `nodes.json` holds; NaN, which JSON does not know, is null there."""

    model_config = ConfigDict(strict=True, extra="forbid")

    kind: list[str]
    layer: list[int]
    position: list[int]
    feature: list[int]
    activation: list[float | None]
    probability: list[float | None]
    label: list[str]


def save_graph(
    graph: Graph, path: str | Path, force: bool = False, command: list[str] | None = None
) -> None:
    """Write a graph as an artifact folder: all its nodes and edges, nothing pruned.

    Raises:
        MicrotomeError: the folder exists (without `force`) or cannot be written.
    """
    counts = {kind: graph.nodes.kind.count(kind) for kind in KINDS}
    content = GraphContent(
        prompt=graph.prompt.text,
        tokens=list(graph.prompt.tokens),
        strings=list(graph.prompt.strings),
        n_layers=graph.n_layers,
        scores={k: None if v != v else v for k, v in vars(graph.scores).items()},
        counts={k: v for k, v in counts.items() if v} | {"edges": int((graph.edges != 0).sum())},
        info=graph.info,
    )
    prints = {
        name: graph.info[f"{name}_fingerprint"]
        for name in ("model", "dictionary")
        if f"{name}_fingerprint" in graph.info
    }
    manifest = Manifest(kind="graph", schema_version=1, content=content.model_dump(), inputs=prints)
    if command is not None:
        manifest = manifest.model_copy(update={"command": command})
    with new_artifact(Path(path), manifest, force) as folder:
        (folder / NODES).write_text(_node_columns(graph.nodes).model_dump_json())
        save_file(_edge_tensors(graph), folder / EDGES)


def _node_columns(nodes: Nodes) -> NodeColumns:
    def numbers(values: Tensor) -> list[float | None]:
        return [None if v != v else v for v in values.tolist()]

    return NodeColumns(
        kind=list(nodes.kind),
        layer=nodes.layer.tolist(),
        position=nodes.position.tolist(),
        feature=nodes.feature.tolist(),
        activation=numbers(nodes.activation),
        probability=numbers(nodes.probability),
        label=list(nodes.label),
    )


def _edge_tensors(graph: Graph) -> dict[str, Tensor]:
    present = graph.edges != 0
    merged = {} if graph.spread is None else {"spread": graph.spread[present]}
    return {
        "rows": graph.rows.clone(),
        "columns": graph.columns.clone(),
        "offsets": torch.cat([torch.zeros(1, dtype=torch.long), present.sum(1).cumsum(0)]),
        "indices": present.nonzero()[:, 1].int(),
        "edges": graph.edges[present],
        "weights": graph.weights.clone(),
        "unexpanded_mass": graph.unexpanded_mass.clone(),
        "value": graph.value.clone(),
        "residual": graph.residual.clone(),
        **merged,
    }


def load_graph(path: str | Path) -> Graph:
    """Read a graph artifact, or a graph in the Neuronpedia JSON format from a `.json` file.

    Raises:
        MicrotomeError: not a graph, incomplete, inconsistent or of a newer version.
    """
    path = Path(path)
    if path.suffix == ".json" and path.is_file():
        from microtome.circuit.neuronpedia import read_neuronpedia

        return read_neuronpedia(path)
    manifest = read_manifest(path, "graph")
    try:
        content = GraphContent.model_validate(manifest.content)
        nodes = _nodes(read_json(path / NODES))
        return _graph(content, nodes, TensorFile(path / EDGES))
    except ValidationError as error:
        raise MicrotomeError(f"{path}/manifest.json: {wrong_field(error)}") from error
    except (KeyError, TypeError, ValueError, IndexError, RuntimeError) as error:
        raise MicrotomeError(f"{path} is not a consistent graph ({error}); trace again") from error


def load_nodes(path: str | Path) -> Nodes:
    """The nodes of a graph artifact alone, without its edges.

    Raises:
        MicrotomeError: not a graph, incomplete, inconsistent or of a newer version.
    """
    path = Path(path)
    read_manifest(path, "graph")
    try:
        return _nodes(read_json(path / NODES))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise MicrotomeError(f"{path} is not a consistent graph ({error}); trace again") from error


def save_state(path: str | Path, state: ViewState) -> None:
    """Keep what a reader pinned and grouped in a graph artifact; the state before is replaced.

    Raises:
        MicrotomeError: the path holds no whole graph artifact, or it cannot be written.
    """
    path = Path(path)
    if path.is_file():
        raise MicrotomeError(
            f"{path} is a file, and pins and groups are kept in graph folders only; trace the "
            f"prompt with --out to have one"
        )
    read_manifest(path, "graph")
    whole_file(path / VIEW, state.model_dump_json(indent=1) + "\n")


def load_state(path: str | Path) -> ViewState | None:
    """What a reader pinned and grouped in a graph artifact; None where nobody did.

    Raises:
        MicrotomeError: the file is damaged or not of this form.
    """
    file = Path(path) / VIEW
    if not file.is_file():
        return None
    return read_as(file, ViewState, "delete the file to start without pins and groups")


def _columns(raw: dict[str, Any]) -> NodeColumns:
    try:
        return NodeColumns.model_validate(raw)
    except ValidationError as error:
        raise ValueError(f"{NODES}: {wrong_field(error)}") from error


def _nodes(raw: dict[str, Any]) -> Nodes:
    columns = _columns(raw)

    def numbers(values: list[float | None]) -> Tensor:
        return torch.tensor([float("nan") if v is None else v for v in values], dtype=torch.float64)

    unknown = set(columns.kind) - set(KINDS)
    if unknown:
        raise ValueError(f"unknown kind of nodes: {min(unknown)[:40]!r}")
    if len({len(column) for _, column in columns}) != 1:
        raise ValueError("columns of nodes differ in length")
    return Nodes(
        kind=tuple(columns.kind),
        layer=torch.tensor(columns.layer, dtype=torch.long),
        position=torch.tensor(columns.position, dtype=torch.long),
        feature=torch.tensor(columns.feature, dtype=torch.long),
        activation=numbers(columns.activation),
        probability=numbers(columns.probability),
        label=tuple(columns.label),
    )


def _check(content: GraphContent, nodes: Nodes, file: TensorFile) -> None:
    """Refuse edges and positions that point nowhere: a tampered file, or one of another graph."""
    n_rows, n_columns = len(file["rows"]), len(file["columns"])
    _check_range("rows", file["rows"], len(nodes))
    _check_range("columns", file["columns"], len(nodes))
    _check_range("indices", file["indices"], n_columns)
    _check_range("layers", nodes.layer + 1, content.n_layers + 2)
    _check_range("positions", nodes.position + 1, len(content.tokens) + 1)
    for name in ("rows", "columns"):
        if len(file[name].unique()) != len(file[name]):
            raise ValueError(f"{name} name a node twice")
    sizes = dict.fromkeys(("weights", "unexpanded_mass", "value", "residual"), n_rows)
    sizes |= {"offsets": n_rows + 1, "edges": len(file["indices"])}
    if "spread" in file:
        sizes["spread"] = len(file["indices"])
    for name, size in sizes.items():
        if tuple(file[name].shape) != (size,):
            raise ValueError(f"{name} has {file[name].numel()} entries, expected {size}")
    steps = file["offsets"].diff(prepend=file["offsets"].new_zeros(1))
    if bool((steps < 0).any()) or int(steps[0]) or int(steps.sum()) != len(file["indices"]):
        raise ValueError("offsets of rows do not rise to the number of edges")
    if len(content.tokens) != len(content.strings):
        raise ValueError("the prompt has not as many strings as tokens")
    if not bool(torch.isfinite(file["edges"]).all()):
        raise ValueError("edges are not finite")


def _check_range(name: str, index: Tensor, n: int) -> None:
    outside = index[(index < 0) | (index >= n)]
    if len(outside):
        raise ValueError(f"{name} hold {int(outside[0])}, expected 0..{n - 1}")


def _graph(content: GraphContent, nodes: Nodes, file: TensorFile) -> Graph:
    rows, columns = file["rows"], file["columns"]
    _check(content, nodes, file)
    at = torch.repeat_interleave(torch.arange(len(rows)), file["offsets"].diff())

    def dense(values: Tensor) -> Tensor:
        matrix = values.new_zeros(len(rows), len(columns))
        matrix[at, file["indices"].long()] = values
        return matrix

    return Graph(
        prompt=Prompt(content.prompt, tuple(content.tokens), tuple(content.strings)),
        nodes=nodes,
        rows=rows.clone(),
        columns=columns.clone(),
        edges=dense(file["edges"]),
        weights=file["weights"].clone(),
        unexpanded_mass=file["unexpanded_mass"].clone(),
        value=file["value"].clone(),
        residual=file["residual"].clone(),
        n_layers=content.n_layers,
        info=content.info,
        spread=dense(file["spread"]) if "spread" in file else None,
    )
