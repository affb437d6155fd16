"""The document in which a graph is shown: by the server, in files, in notebooks."""

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from microtome.circuit.graph import Graph
from microtome.circuit.prune import Pruned, prune, whole
from microtome.circuit.state import Supernode, ViewState, state_of

MAX_EDGES = 200_000

__all__ = [
    "EdgeColumns",
    "GraphView",
    "NodeColumns",
    "Supernode",
    "ViewState",
    "graph_view",
    "replaces",
]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NodeColumns(_Document):
    """Nodes, column by column."""

    id: list[str]
    """Unique within the graph: L3/127@4."""
    kind: list[str]
    layer: list[int]
    position: list[int]
    feature: list[int]
    activation: list[float | None]
    probability: list[float | None]
    label: list[str]
    influence: list[float]
    """Share of all influence on the targets that passes through the node, in the whole graph."""
    cumulative: list[float | None]
    """Share held by this node and those above it: small means important."""
    mass: list[float]
    """Sum of the absolute inputs of the node in the whole graph; 0 for those that have none."""
    weight: list[float]
    """What influence is counted from; 0 but for the targets asked for."""


class EdgeColumns(_Document):
    source: list[int]
    target: list[int]
    weight: list[float]
    """Signed linear effect of the source on the target."""


class GraphView(_Document):
    """An attribution graph as it is shown."""

    id: str = ""
    """Of the artifact on the server; empty elsewhere."""
    name: str
    prompt: str
    tokens: list[int]
    strings: list[str]
    n_layers: int
    model: str
    model_fingerprint: str
    dictionary: str
    dictionary_kind: str
    dictionary_fingerprint: str
    atlas: str = ""
    """Id of an atlas of this dictionary on the server; empty where there is none."""
    scores: dict[str, float | None]
    """replacement, completeness, unexpanded, worst_residual."""
    warnings: list[str]
    nodes: NodeColumns
    edges: EdgeColumns
    complete: bool
    """Whether all nodes and edges are here; otherwise those of most influence."""
    node_threshold: float
    edge_threshold: float
    """At which the document was pruned; 1 where it is complete."""
    label_sources: dict[str, str] = {}
    """By node id, where a label is not the graph's own: automatic, concept, model, person."""
    state: ViewState | None = None
    """As it was saved with the graph."""


def replaces(source: str, own: str) -> bool:
    """Whether a label from elsewhere is shown instead of the graph's own: whoever labelled the
    graph knew more than a rule that an atlas found by itself."""
    return not own or source != "automatic"


def graph_view(
    graph: Graph,
    name: str = "",
    max_edges: int = MAX_EDGES,
    pruned: Pruned | None = None,
    state: ViewState | None = None,
) -> GraphView:
    """A graph as a document to show.

    Args:
        graph: the graph.
        name: its title; by default the prompt.
        max_edges: with more edges, the graph is pruned until so many are left.
        pruned: show this part instead.
        state: as it was saved with the graph; by default what the graph's file says of pins,
            supernodes and selection.
    """
    kept = pruned or _within(graph, max_edges)
    index = kept.nodes.nonzero()[:, 0]
    info = graph.info
    return GraphView(
        name=name or graph.prompt.text,
        prompt=graph.prompt.text,
        tokens=list(graph.prompt.tokens),
        strings=list(graph.prompt.strings),
        n_layers=graph.n_layers,
        model=str(info.get("model", "")),
        model_fingerprint=str(info.get("model_fingerprint", "")),
        dictionary=str(info.get("dictionary", "")),
        dictionary_kind=str(info.get("dictionary_kind", "")),
        dictionary_fingerprint=str(info.get("dictionary_fingerprint", "")),
        scores={k: None if v != v else v for k, v in vars(graph.scores).items()},
        warnings=[str(w) for w in info.get("warnings", [])],
        nodes=_nodes(kept, index),
        edges=_edges(kept, index),
        complete=pruned is None and kept.node_threshold >= 1,
        node_threshold=kept.node_threshold,
        edge_threshold=kept.edge_threshold,
        state=state or state_of(graph),
    )


def _within(graph: Graph, max_edges: int) -> Pruned:
    """The whole graph, or the largest of some prunings that has so few edges."""
    kept = whole(graph)
    for threshold in (0.99, 0.98, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1):
        if int(kept.edges.sum()) <= max_edges:
            break
        kept = prune(graph, threshold, max(threshold, 0.9))
    return kept


def _nodes(kept: Pruned, index: Tensor) -> NodeColumns:
    graph, nodes = kept.graph, kept.graph.nodes.select(index)
    mass, weight = torch.zeros(len(graph.nodes)), torch.zeros(len(graph.nodes))
    mass[graph.rows] = graph.mass.float()
    weight[graph.rows] = graph.weights.float()
    return NodeColumns(
        id=[nodes.name(i) for i in range(len(nodes))],
        kind=list(nodes.kind),
        layer=nodes.layer.tolist(),
        position=nodes.position.tolist(),
        feature=nodes.feature.tolist(),
        activation=_numbers(nodes.activation),
        probability=_numbers(nodes.probability),
        label=list(nodes.label),
        influence=_short(kept.influence[index]),
        cumulative=_numbers(kept.cumulative[index]),
        mass=_short(mass[index]),
        weight=_short(weight[index]),
    )


def _edges(kept: Pruned, index: Tensor) -> EdgeColumns:
    graph = kept.graph
    place = torch.full((len(graph.nodes),), -1)
    place[index] = torch.arange(len(index))
    at = kept.edges.nonzero()
    return EdgeColumns(
        source=place[graph.columns[at[:, 1]]].tolist(),
        target=place[graph.rows[at[:, 0]]].tolist(),
        weight=_short(graph.edges[at[:, 0], at[:, 1]]),
    )


def _short(values: Tensor) -> list[float]:
    """Five significant digits: what is shown needs no more, and the document stays small."""
    return [float(f"{v:.5g}") for v in values.tolist()]


def _numbers(values: Tensor) -> list[float | None]:
    return [None if v != v else float(f"{v:.5g}") for v in values.tolist()]
