"""What a reader wants to know of a graph first: features, paths, errors."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.circuit.graph import KINDS, Graph
from microtome.circuit.influence import normalise
from microtome.circuit.prune import source_influence


@dataclass(frozen=True)
class Link:
    """One edge as a reader sees it: the node at its other end, its weight, its share."""

    node: int
    weight: float
    share: float
    """|weight| over the absolute inputs of the edge's target."""


@dataclass(frozen=True)
class FeatureSummary:
    node: int
    influence: float
    """Share of all influence on the targets that passes through the feature."""
    target_effect: float
    """Direct effect on the first target."""
    inputs: tuple[Link, ...]
    outputs: tuple[Link, ...]


@dataclass(frozen=True)
class Path:
    """A chain of nodes from a source to a target, and the signs of its edges."""

    nodes: tuple[int, ...]
    weights: tuple[float, ...]
    share: float
    """Product of the edges' shares of their targets' inputs."""


@dataclass(frozen=True)
class PositionSummary:
    position: int
    features: int
    token: float
    """Influence that starts at the token."""
    error: float
    """Influence that starts at errors of this position."""
    direct: float
    """Signed edge from the token to the first target."""


def top_features(graph: Graph, n: int = 15, links: int = 2) -> list[FeatureSummary]:
    """The features with most influence, with their strongest inputs and outputs."""
    influence = source_influence(graph)
    features = graph.nodes.where("feature")
    best = features[influence[features].argsort(descending=True, stable=True)][:n]
    row_of = {int(node): row for row, node in enumerate(graph.rows)}
    column_of = {int(node): column for column, node in enumerate(graph.columns)}
    first = _first_target(graph)
    out = []
    for node in best.tolist():
        column, row = column_of.get(node), row_of.get(node)
        effect, outputs = 0.0, ()
        if column is not None:  # an inactive feature can be a target without being a source
            effect = float(graph.edges[first, column]) if first is not None else 0.0
            outputs = _outputs(graph, column, influence, links)
        inputs = () if row is None else _inputs(graph, row, links)
        out.append(FeatureSummary(node, float(influence[node]), effect, inputs, outputs))
    return out


def _first_target(graph: Graph) -> int | None:
    """Row of the target with most weight."""
    return int(graph.weights.argmax()) if bool((graph.weights > 0).any()) else None


def _inputs(graph: Graph, row: int, n: int) -> tuple[Link, ...]:
    edges, mass = graph.edges[row], float(graph.mass[row])
    order = edges.abs().argsort(descending=True)[:n]
    return tuple(
        Link(int(graph.columns[c]), float(edges[c]), abs(float(edges[c])) / mass)
        for c in order.tolist()
        if float(edges[c])
    )


def _outputs(
    graph: Graph, column: int, influence: Float[Tensor, " nodes"], n: int
) -> tuple[Link, ...]:
    """Outputs by what they pass on: the edge's share of its target, times that one's influence."""
    edges = graph.edges[:, column]
    shares = edges.abs() * normalise(graph.mass)
    weight = influence[graph.rows] + graph.start_weights
    order = (shares * weight).argsort(descending=True)[:n]
    return tuple(
        Link(int(graph.rows[r]), float(edges[r]), float(shares[r]))
        for r in order.tolist()
        if float(edges[r])
    )


def strongest_paths(graph: Graph, n: int = 6) -> list[Path]:
    """For every token the strongest chain through features to a target asked for; the n strongest.

    The strength of a chain is the product of its edges' shares, weighted by its target. Direct
    edges from tokens to targets are left out unless the graph has no features.
    """
    shares = graph.edges.abs() * normalise(graph.mass)[:, None]
    kinds = graph.nodes.kind_index[graph.columns]
    tokens = (kinds == KINDS.index("token")).nonzero()[:, 0]
    strength, step = _feature_strength(graph, shares, kinds == KINDS.index("feature"))
    at = graph.row_columns
    through_feature = torch.where(
        at >= 0, strength[at.clamp(min=0)], torch.zeros_like(shares[:, 0])
    )
    best = through_feature if bool(through_feature.any()) else graph.start_weights
    strength[tokens], step[tokens] = (shares[:, tokens] * best[:, None]).max(0)
    order = tokens[strength[tokens].argsort(descending=True)][:n]
    return [_follow(graph, c, step, strength) for c in order.tolist() if float(strength[c]) > 0]


def _feature_strength(graph: Graph, shares: Tensor, is_feature: Tensor) -> tuple[Tensor, Tensor]:
    """For every feature's column, the strongest chain to a target and the row it starts with."""
    at = graph.row_columns
    best = graph.start_weights.clone()
    step = torch.full((len(graph.columns),), -1)
    strength = torch.zeros(len(graph.columns), dtype=shares.dtype)
    # features on a chain lie in rising layers, so a chain has at most one of each
    for _ in range(graph.n_layers + 1):
        through, row = (shares * best[:, None]).max(0)
        better = is_feature & (through > strength * (1 + 1e-12))
        if not bool(better.any()):
            break
        strength = torch.where(better, through, strength)
        step = torch.where(better, row, step)
        arriving = torch.where(at >= 0, strength[at.clamp(min=0)], torch.zeros_like(best))
        best = torch.maximum(graph.start_weights, arriving)
    return strength, step


def _follow(graph: Graph, column: int, step: Tensor, strength: Tensor) -> Path:
    nodes, weights, share = [int(graph.columns[column])], [], float(strength[column])
    while True:
        row = int(step[column])
        weights.append(float(graph.edges[row, column]))
        nodes.append(int(graph.rows[row]))
        column = int(graph.row_columns[row])
        if column < 0 or float(graph.start_weights[row]) >= float(strength[column]):
            return Path(tuple(nodes), tuple(weights), share)


def positions(graph: Graph) -> list[PositionSummary]:
    """Where influence starts, position by position."""
    influence = source_influence(graph)
    kinds, where = graph.nodes.kind_index, graph.nodes.position
    token = influence * (kinds == KINDS.index("token"))
    error = influence * (kinds == KINDS.index("error"))
    feature = kinds == KINDS.index("feature")
    direct = torch.zeros(len(graph.nodes), dtype=graph.edges.dtype)
    first = _first_target(graph)
    if first is not None:
        direct[graph.columns] = graph.edges[first]
    direct *= kinds == KINDS.index("token")
    return [
        PositionSummary(
            p,
            int((feature & (where == p)).sum()),
            float(token[where == p].sum()),
            float(error[where == p].sum()),
            float(direct[where == p].sum()),
        )
        for p in range(len(graph.prompt.tokens))
    ]
