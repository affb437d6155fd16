"""A graph as the document in which it is shown."""

import torch
from torch import Tensor

from microtome.circuit.graph import Graph
from microtome.circuit.merged_view import merged_view
from microtome.circuit.prune import Pruned, prune, whole
from microtome.circuit.state import state_of
from microtome.circuit.view import MAX_EDGES, EdgeColumns, GraphView, NodeColumns, ViewState


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
        merged=merged_view(graph, index),
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
    spread = None if graph.spread is None else _short(graph.spread[at[:, 0], at[:, 1]])
    return EdgeColumns(
        source=place[graph.columns[at[:, 1]]].tolist(),
        target=place[graph.rows[at[:, 0]]].tolist(),
        weight=_short(graph.edges[at[:, 0], at[:, 1]]),
        spread=spread,
    )


def _short(values: Tensor) -> list[float]:
    """Five significant digits: what is shown needs no more, and the document stays small."""
    return [float(f"{v:.5g}") for v in values.tolist()]


def _numbers(values: Tensor) -> list[float | None]:
    return [None if v != v else float(f"{v:.5g}") for v in values.tolist()]
