"""What flows between the nodes of a pruned graph, in an order that follows from them alone."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int

from microtome.circuit.graph import Graph
from microtome.circuit.influence import normalise
from microtome.circuit.prune import Pruned


@dataclass(frozen=True)
class Flow:
    """Nodes of a pruned graph, features first, and the edges between them."""

    nodes: Int[np.ndarray, " n"]
    """Indices of nodes in the graph."""
    n_features: int
    position: Int[np.ndarray, " features"]
    layer: Int[np.ndarray, " features"]
    signed: Float[np.ndarray, "n n"]
    """Edge to a node (row) from a node (column), over the mass of its target in the whole graph."""
    through: Float[np.ndarray, " n"]
    """Influence through every node, that of answers their own weight."""

    @property
    def share(self) -> Float[np.ndarray, "n n"]:
        """Influence that passes along every edge, with the edge's sign, of edges that start or end
        at a feature; absolute values sum to one, or all are 0."""
        flow = self.through[:, None] * self.signed
        flow[self.n_features :, self.n_features :] = 0
        total = np.abs(flow).sum()
        return flow / total if total > 0 else flow


def flow_of(pruned: Pruned) -> Flow:
    """The flow in a pruned graph; the same, bit for bit, however the graph's nodes are ordered."""
    graph = in_order(pruned.graph)
    kept = [i for i in node_order(graph) if bool(pruned.nodes[i])]
    features = [i for i in kept if graph.nodes.kind[i] == "feature"]
    nodes = np.array(features + [i for i in kept if graph.nodes.kind[i] != "feature"], dtype=int)
    place = np.full(len(graph.nodes), -1)
    place[nodes] = np.arange(len(nodes))
    rows, columns = place[graph.rows.numpy()], place[graph.columns.numpy()]
    edges = (graph.edges * normalise(graph.mass)[:, None]).numpy()
    signed = np.zeros((len(nodes), len(nodes)))
    signed[np.ix_(rows[rows >= 0], columns[columns >= 0])] = edges[rows >= 0][:, columns >= 0]
    position = graph.nodes.position.numpy()[nodes[: len(features)]]
    layer = graph.nodes.layer.numpy()[nodes[: len(features)]]
    return Flow(nodes, len(features), position, layer, signed, graph.influence.numpy()[nodes])


def node_order(graph: Graph) -> list[int]:
    """Indices of all nodes, sorted by what they are: position, layer, feature, kind, label."""
    nodes = graph.nodes
    keys = zip(
        nodes.position.tolist(),
        nodes.layer.tolist(),
        nodes.feature.tolist(),
        nodes.kind,
        nodes.label,
        range(len(nodes)),
        strict=True,
    )
    return [key[-1] for key in sorted(keys)]


def in_order(graph: Graph) -> Graph:
    """The graph in float64, rows and columns in the order of `node_order`: sums over them depend on
    their order in the last digits."""
    rank = torch.empty(len(graph.nodes), dtype=torch.long)
    rank[torch.tensor(node_order(graph), dtype=torch.long)] = torch.arange(len(graph.nodes))
    rows, columns = rank[graph.rows].argsort(), rank[graph.columns].argsort()
    return replace(
        graph,
        rows=graph.rows[rows],
        columns=graph.columns[columns],
        edges=graph.edges[rows][:, columns].double(),
        weights=graph.weights[rows].double(),
        unexpanded_mass=graph.unexpanded_mass[rows].double(),
        value=graph.value[rows].double(),
        residual=graph.residual[rows].double(),
        spread=None,
    )
