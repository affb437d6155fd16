"""Pruning: the nodes and edges that carry most of a graph's influence."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from microtome.circuit.graph import KINDS, Graph
from microtome.circuit.influence import normalise, propagate
from microtome.errors import MicrotomeError

NODE_THRESHOLD = 0.8
EDGE_THRESHOLD = 0.98


@dataclass(frozen=True)
class Pruned:
    """The part of a graph that is kept. Edges keep their signs and their full weights."""

    graph: Graph
    nodes: Bool[Tensor, " nodes"]
    edges: Bool[Tensor, "targets sources"]
    influence: Float[Tensor, " nodes"]
    """Influence of every node in the full graph; targets asked for without their own weight."""
    cumulative: Float[Tensor, " nodes"]
    """Share of all influence held by this node and those above it: small means important."""
    node_threshold: float
    edge_threshold: float


def prune(
    graph: Graph, node_threshold: float = NODE_THRESHOLD, edge_threshold: float = EDGE_THRESHOLD
) -> Pruned:
    """Keep the nodes that hold a share of influence, then the edges that hold a share of theirs.

    Tokens and the targets asked for always stay. Features left without an input or an output are
    dropped, repeatedly (Ameisen et al. 2025, "Circuit Tracing", appendix on graph pruning).
    Errors, bias and unexpanded compete with features for their share.

    Raises:
        MicrotomeError: a threshold outside 0..1.
    """
    for name, value in (("node", node_threshold), ("edge", edge_threshold)):
        if not 0 <= value <= 1:
            raise MicrotomeError(f"{name} threshold {value} is not between 0 and 1")
    influence = source_influence(graph)
    always = _always(graph)
    cumulative = _cumulative(influence)
    nodes = _holds(influence, node_threshold) | always
    inside = nodes[graph.rows][:, None] & nodes[graph.columns] & (graph.edges != 0)
    edges = _keep_edges(graph, inside, edge_threshold)
    nodes, edges = _drop_loose(graph, nodes, edges, always)
    return Pruned(graph, nodes, edges, influence, cumulative, node_threshold, edge_threshold)


def whole(graph: Graph) -> Pruned:
    """All of a graph as if pruned at 1: every node, every edge that is not zero.

    Nodes of a graph that was read from a Neuronpedia file have the cumulative influence that the
    file recorded, NaN where it has none: it was counted before the file's graph was pruned.
    """
    influence = source_influence(graph)
    cumulative = _cumulative(influence)
    held = graph.info.get("neuronpedia")
    recorded = held.get("influence") if isinstance(held, dict) else None
    if isinstance(recorded, list) and len(recorded) == len(cumulative):
        nan = float("nan")
        cumulative = cumulative.new_tensor([nan if v is None else v for v in recorded])
    nodes = torch.ones(len(graph.nodes), dtype=torch.bool)
    return Pruned(graph, nodes, graph.edges != 0, influence, cumulative, 1.0, 1.0)


def source_influence(graph: Graph) -> Float[Tensor, " nodes"]:
    """Influence that nodes have as sources: targets' own weights are left out."""
    out = graph.influence.clone()
    asked = graph.start_weights > 0
    out[graph.rows[asked]] -= graph.start_weights[asked]
    return out.clamp(min=0)


def _always(graph: Graph) -> Bool[Tensor, " nodes"]:
    kinds = graph.nodes.kind_index
    always = kinds == KINDS.index("token")
    always[graph.rows[graph.weights > 0]] = True
    for kind in ("logit", "direction"):  # a token may be asked for that has no probability
        always |= kinds == KINDS.index(kind)
    return always


def _cumulative(scores: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """Share of the total at each entry's rank, itself included; 0 where there is no total."""
    order = scores.argsort(descending=True, stable=True)
    sums = scores[order].double().cumsum(0)
    out = torch.zeros_like(scores)
    if len(sums) and float(sums[-1]) > 0:
        out[order] = (sums / sums[-1]).to(scores.dtype)
    return out


def _holds(scores: Float[Tensor, " n"], threshold: float) -> Bool[Tensor, " n"]:
    """The fewest entries, largest first, that hold a share of the total; never one of 0."""
    if threshold >= 1:
        return scores > 0
    order = scores.argsort(descending=True, stable=True)
    sums = scores[order].double().cumsum(0)
    above = torch.cat([sums.new_zeros(1), sums[:-1]])[: len(sums)]
    out = torch.zeros_like(scores, dtype=torch.bool)
    out[order] = above < threshold * sums[-1:]
    return out & (scores > 0)


def _keep_edges(graph: Graph, inside: Tensor, threshold: float) -> Bool[Tensor, "targets sources"]:
    absolute = graph.edges.abs() * inside
    normal = absolute * normalise(absolute.sum(-1))[:, None]
    start = graph.start_weights
    flow = propagate(start, lambda rows: rows @ normal, graph.row_columns)
    at = graph.row_columns
    through = start.clone()
    through[at >= 0] += flow[at[at >= 0]]
    scores = (normal * through[:, None]).flatten()
    used = (scores > 0).nonzero()[:, 0]
    keep = torch.zeros_like(inside).flatten()
    keep[used] = _holds(scores[used], threshold)
    return keep.view_as(inside)


def _drop_loose(
    graph: Graph, nodes: Tensor, edges: Tensor, always: Tensor
) -> tuple[Bool[Tensor, " nodes"], Bool[Tensor, "targets sources"]]:
    is_feature = graph.nodes.kind_index == KINDS.index("feature")
    while True:
        has_input, has_output = torch.zeros_like(nodes), torch.zeros_like(nodes)
        has_input[graph.rows] = edges.any(1)
        has_output[graph.columns] = edges.any(0)
        loose = nodes & ~always & ~has_output
        loose |= nodes & ~always & is_feature & ~has_input
        if not bool(loose.any()):
            return nodes, edges
        nodes = nodes & ~loose
        edges = edges & nodes[graph.rows][:, None] & nodes[graph.columns]
