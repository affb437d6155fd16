"""A graph seen by its supernodes: one node for each, with what flows between them."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.circuit.graph import Graph
from microtome.circuit.influence import normalise
from microtome.circuit.prune import Pruned
from microtome.circuit.supernode.flow import in_order, node_order

REST = "the rest"
"""The node of all that pruning left out."""


@dataclass(frozen=True)
class Collapsed:
    """Supernodes and other nodes of a pruned graph, and edges between them, in float64.

    With I(t) the influence through node t, an answer's own weight included, mass(t) the sum of its
    absolute inputs and Â = |A| / mass:

        edges[T, S]  = mean over t in T, weighted by I(t) / mass(t), of sum over s in S of A[t, s]
        shares[T, S] = mean over t in T, weighted by I(t), of sum over s in S of Â[t, s]

    A node alone keeps its edges, so that the direct effect of S on an answer is that of its
    members together. Influence is kept too: influence[S] = sum over T of influence[T] *
    shares[T, S], plus what S has as an answer itself. The diagonal is what passes inside;
    supernodes over several layers may feed each other both ways.
    """

    labels: tuple[str, ...]
    """Supernodes in the order given, then the other nodes that are kept, by name, then the rest."""
    members: tuple[tuple[int, ...], ...]
    """Indices of nodes in the graph."""
    edges: Float[Tensor, "targets sources"]
    shares: Float[Tensor, "targets sources"]
    influence: Float[Tensor, " nodes"]
    """Sum of members', answers with their own weight."""


def collapse(pruned: Pruned, groups: Sequence[tuple[str, tuple[int, ...]]]) -> Collapsed:
    """A pruned graph by its groups: names and indices of nodes, each node at most once."""
    graph = in_order(pruned.graph)
    labels = [label for label, _ in groups]
    members = [tuple(nodes) for _, nodes in groups]
    taken = {node for nodes in members for node in nodes}
    alone = [i for i in node_order(graph) if bool(pruned.nodes[i]) and i not in taken]
    labels += [graph.nodes.name(i) for i in alone]
    members += [(i,) for i in alone]
    taken |= set(alone)
    members.append(tuple(i for i in node_order(graph) if i not in taken))
    of = torch.empty(len(graph.nodes), dtype=torch.long)
    for number, nodes in enumerate(members):
        of[list(nodes)] = number
    influence = torch.zeros(len(members), dtype=torch.float64).index_add_(0, of, graph.influence)
    edges, shares = _between(graph, of, influence)
    return Collapsed((*labels, REST), tuple(members), edges, shares, influence)


def _between(graph: Graph, of: Int[Tensor, " nodes"], influence: Tensor) -> tuple[Tensor, Tensor]:
    """Edges and shares. Members without inputs, such as errors, count as inputs of 0 in shares."""
    into, out, k = of[graph.rows], of[graph.columns], len(influence)
    through, factor = graph.influence[graph.rows], normalise(graph.mass)

    def summed(edges: Tensor, weights: Tensor) -> Tensor:
        by_source = edges.new_zeros(len(edges), k).index_add_(1, out, edges)
        return edges.new_zeros(k, k).index_add_(0, into, weights[:, None] * by_source)

    weights = through * factor
    absolute = graph.edges.abs()
    for column, node in enumerate(graph.columns.tolist()):
        if graph.nodes.kind[node] == "unexpanded":
            absolute[:, column] = graph.unexpanded_mass
    total = weights.new_zeros(k).index_add_(0, into, weights)
    signed = summed(graph.edges, weights) * normalise(total)[:, None]
    shares = summed(absolute, weights) * normalise(influence)[:, None]
    return signed, shares
