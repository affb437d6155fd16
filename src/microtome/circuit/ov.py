"""The OV split: which heads carry an edge, and from which key position.

Every path from a source to a target is put down to the head nearest to the target on it. What no
head carries is direct. Parts sum to the edge.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.circuit.graph import Graph
from microtome.circuit.push import (
    Injection,
    StraightGradient,
    head_values,
    inject,
    pull_straight,
    push,
)
from microtome.circuit.replacement import ActiveFeatures, LocalReplacement
from microtome.circuit.targets import (
    Target,
    TargetRows,
    TokenTarget,
    feature_rows,
    resolve_targets,
)
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel


@dataclass(frozen=True)
class Carrier:
    """A head and the position that it looked at, and what it carries of an edge."""

    layer: int
    head: int
    key: int
    value: float


@dataclass(frozen=True)
class HeadSplit:
    """An edge of a graph, split over the heads that carry it."""

    target: int
    """Node of the graph."""
    source: int
    edge: float
    """As the graph has it."""
    direct: float
    """By no attention: the residual stream and linear skips at the target's own position."""
    heads: Float[Tensor, "layer heads key"]
    """By the head nearest to the target, and the position that it looked at."""

    @property
    def total(self) -> float:
        """The sum of all parts: the edge."""
        return self.direct + float(self.heads.sum())

    def top(self, k: int = 10) -> list[Carrier]:
        """The heads and positions that carry most, by absolute value."""
        flat = self.heads.flatten()
        best = flat.abs().argsort(descending=True, stable=True)[:k]
        _, n_heads, n = self.heads.shape
        return [
            Carrier(i // (n_heads * n), i // n % n_heads, i % n, float(flat[i]))
            for i in best.tolist()
            if float(flat[i])
        ]


@torch.no_grad()
def head_split(
    model: LanguageModel,
    replacement: LocalReplacement,
    graph: Graph,
    target: int,
    source: int,
    directions: Sequence[Target] = (),
) -> HeadSplit:
    """Split one edge of a graph over heads.

    Args:
        model: the model that was traced.
        replacement: the graph's local replacement model.
        graph: of the prompt.
        target: node with a row.
        source: node with a column.
        directions: targets that the graph was traced for, where they are directions; their
            vectors are not in the graph.

    Raises:
        MicrotomeError: a node that is no target or no source, a direction that is not given, or
            a graph of another prompt.
    """
    if graph.prompt.tokens != tuple(replacement.tokens.tolist()):
        raise MicrotomeError("the graph and the replacement model are of different prompts")
    for node in (target, source):
        if not 0 <= node < len(graph.nodes):
            raise MicrotomeError(f"node {node} is not in a graph of {len(graph.nodes)} nodes")
    row, column = _place(graph.rows, target), _place(graph.columns, source)
    if row is None or column is None:
        raise MicrotomeError(
            f"{graph.nodes.name(target)} and {graph.nodes.name(source)} have no edge: the first "
            f"has to be a target and the second a source"
        )
    targets = graph_rows(model, replacement, graph, [row], directions)
    straight = pull_straight(replacement, targets)
    injection = inject(replacement, graph.nodes, [source])
    position = targets.position
    parts = []
    for layer, x in enumerate(push(replacement, injection)):
        attention = replacement.frozen.layers[layer].attention
        heads = torch.einsum("hvd,d->hv", attention.output, straight.attended[layer][0])
        carried = torch.einsum("hkv,hv->hk", head_values(attention, x)[0], heads)
        parts.append(carried * attention.pattern[:, position[0]])
    direct = direct_parts(replacement, targets, straight, injection)
    edge = float(graph.edges[row, column])
    return HeadSplit(target, source, edge, float(direct), torch.stack(parts).cpu())


def _place(nodes: Int[Tensor, " n"], node: int) -> int | None:
    at = (nodes == node).nonzero()[:, 0]
    return int(at[0]) if len(at) else None


def direct_parts(
    replacement: LocalReplacement,
    targets: TargetRows,
    straight: StraightGradient,
    injection: Injection,
) -> Float[Tensor, "targets sources"]:
    """What targets get from sources by no attention."""
    at = targets.position
    out = torch.einsum("td,std->ts", straight.embedded, injection.embedded[:, at])
    own = targets.constant.clone()
    for layer, written in enumerate(injection.written):
        if written is not None:
            out += torch.einsum("td,std->ts", straight.written[layer], written[:, at])
        constant = replacement.frozen.layers[layer].attention.constant[at]
        own += (straight.attended[layer] * constant).sum(-1)
    return out + own[:, None] * injection.bias


def graph_rows(
    model: LanguageModel,
    replacement: LocalReplacement,
    graph: Graph,
    rows: Sequence[int],
    directions: Sequence[Target] = (),
) -> TargetRows:
    """Rows of a graph as the targets that they were computed for.

    Raises:
        MicrotomeError: a row is a direction that is not among `directions`.
    """
    return TargetRows.join([_row(model, replacement, graph, row, directions) for row in rows])


def _row(
    model: LanguageModel,
    replacement: LocalReplacement,
    graph: Graph,
    row: int,
    directions: Sequence[Target],
) -> TargetRows:
    node, nodes = int(graph.rows[row]), graph.nodes
    if nodes.kind[node] == "feature":
        at = torch.tensor([node])
        device = replacement.tokens.device
        features = ActiveFeatures(
            nodes.layer[at].to(device),
            nodes.position[at].to(device),
            nodes.feature[at].to(device),
            nodes.activation[at].to(device),
        )
        return feature_rows(replacement, features)
    if nodes.kind[node] == "logit":
        token = TokenTarget(int(nodes.feature[node]))
        return resolve_targets(model, replacement, [token])[1]
    for direction in directions:
        found, resolved = resolve_targets(model, replacement, [direction])
        if found[0].label == nodes.label[node] and found[0].position == int(nodes.position[node]):
            return resolved
    raise MicrotomeError(
        f"target {nodes.name(node)} is a direction that the graph does not hold; give it in "
        f"`directions`"
    )
