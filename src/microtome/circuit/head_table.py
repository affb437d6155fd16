"""Heads of a graph: the share of its edge weight that each head carries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.circuit.graph import Graph
from microtome.circuit.influence import normalise
from microtome.circuit.ov import direct_parts, graph_rows
from microtome.circuit.prune import Pruned
from microtome.circuit.push import head_values, inject, pull_straight, push
from microtome.circuit.replacement import LocalReplacement
from microtome.circuit.targets import Target
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel

_ELEMENTS = 1 << 24
"""Numbers held at once for a batch of sources."""


@dataclass(frozen=True)
class HeadTable:
    """What each head carries of a graph's edges, as the head nearest to the target.

    Weight is the sum over edges of the absolute part; its shares, `direct_share` with them, sum
    to one.
    """

    signed: Float[Tensor, "layer heads"]
    """Sum over edges of the signed parts."""
    share: Float[Tensor, "layer heads"]
    """Of the absolute weight."""
    influence: Float[Tensor, "layer heads"]
    """The same, edges weighted by the influence that passes through them."""
    keys: Float[Tensor, "layer heads key"]
    """By the position that the head looked at, share of the absolute weight of its parts."""
    direct: float
    direct_share: float
    direct_influence: float
    n_edges: int
    residual: float
    """Worst |sum of parts - edge| over the largest edge."""

    def document(self) -> dict[str, Any]:
        """As JSON, heads with the largest share first."""
        rows = [
            {
                "layer": layer,
                "head": head,
                "share": float(self.share[layer, head]),
                "influence": float(self.influence[layer, head]),
                "signed": float(self.signed[layer, head]),
                "keys": self.keys[layer, head].tolist(),
            }
            for layer, head in self.ranked()
        ]
        direct = {"share": self.direct_share, "influence": self.direct_influence}
        return {"edges": self.n_edges, "direct": direct, "heads": rows, "residual": self.residual}

    def ranked(self) -> list[tuple[int, int]]:
        """Heads as (layer, head), those with the largest share first."""
        n_heads = self.share.shape[1]
        order = self.share.flatten().argsort(descending=True, stable=True)
        return [divmod(i, n_heads) for i in order.tolist()]


@torch.no_grad()
def heads_of_graph(
    model: LanguageModel,
    replacement: LocalReplacement,
    graph: Graph | Pruned,
    directions: Sequence[Target] = (),
    position: int | None = None,
) -> HeadTable:
    """Which heads carry a graph, or the part of it that pruning kept.

    Args:
        model: the model that was traced.
        replacement: the graph's local replacement model.
        graph: a graph or its pruned part. Edges from `unexpanded` are left out.
        directions: targets that the graph was traced for, where they are directions.
        position: only edges into targets at this position: what heads bring there.

    Raises:
        MicrotomeError: a direction is not given, the graph is of another prompt, or there is no
            edge.
    """
    whole = graph.graph if isinstance(graph, Pruned) else graph
    if whole.prompt.tokens != tuple(replacement.tokens.tolist()):
        raise MicrotomeError("the graph and the replacement model are of different prompts")
    kept = (graph.edges if isinstance(graph, Pruned) else whole.edges != 0).clone()
    unexpanded = [whole.nodes.kind[c] == "unexpanded" for c in whole.columns.tolist()]
    kept[:, torch.tensor(unexpanded)] = False
    if position is not None:
        n = len(whole.prompt.tokens)
        if not -n <= position < n:
            raise MicrotomeError(f"position {position} is not in a prompt of {n} tokens")
        kept[whole.nodes.position[whole.rows] != position % n] = False
    rows, columns = kept.any(1).nonzero()[:, 0], kept.any(0).nonzero()[:, 0]
    if not len(rows):
        raise MicrotomeError("the graph has no edge that a head could carry")
    counts = _Counts(model, replacement, whole, kept, rows, directions)
    n, d = replacement.frozen.tokens.shape
    batch = max(_ELEMENTS // (n * d * (model.n_layers + 2) + len(rows) * model.n_heads * n), 1)
    for part in columns.split(batch):
        counts.add(part)
    return counts.table()


class _Counts:
    """Sums over edges, gathered source by source."""

    def __init__(
        self,
        model: LanguageModel,
        replacement: LocalReplacement,
        graph: Graph,
        kept: Tensor,
        rows: Tensor,
        directions: Sequence[Target],
    ):
        self.replacement, self.graph, self.rows, self.kept = replacement, graph, rows, kept
        self.targets = graph_rows(model, replacement, graph, rows.tolist(), directions)
        self.straight = pull_straight(replacement, self.targets)
        flow = graph.influence[graph.rows] * normalise(graph.mass)
        self.flow = flow[rows].double()
        # the last entry is what is direct
        self.sums = torch.zeros(3, model.n_layers * model.n_heads + 1, dtype=torch.float64)
        n = len(graph.prompt.tokens)
        self.keys = torch.zeros(model.n_layers, model.n_heads, n, dtype=torch.float64)
        self.n_edges = 0
        self.worst = 0.0

    def add(self, columns: Tensor) -> None:
        sources = self.graph.columns[columns].tolist()
        injection = inject(self.replacement, self.graph.nodes, sources)
        mask = self.kept[self.rows][:, columns]
        parts = []
        for layer, x in enumerate(push(self.replacement, injection)):
            by_key = self._carried(layer, x).cpu().double()
            parts.append(by_key.sum(-1))
            self.keys[layer] += (by_key.abs() * mask[:, :, None]).sum((1, 2))
        direct = direct_parts(self.replacement, self.targets, self.straight, injection)
        split = torch.cat([*parts, direct[None].cpu().double()])
        edges = self.graph.edges[self.rows][:, columns].double()
        self.worst = max(self.worst, float((split.sum(0) - edges).abs()[mask].max()))
        split = split * mask
        self.sums[0] += split.sum((1, 2))
        self.sums[1] += split.abs().sum((1, 2))
        self.sums[2] += (split.abs().sum(2) * self.flow).sum(1)
        self.n_edges += int(mask.sum())

    def _carried(self, layer: int, x: Tensor) -> Float[Tensor, "heads targets sources key"]:
        attention = self.replacement.frozen.layers[layer].attention
        pulled = torch.einsum("hvd,td->htv", attention.output, self.straight.attended[layer])
        looked = attention.pattern[:, self.targets.position]
        moved = torch.einsum("shkv,htv->htsk", head_values(attention, x), pulled)
        return moved * looked[:, :, None]

    def table(self) -> HeadTable:
        signed, absolute, flow = self.sums
        share, influence = absolute / absolute.sum(), flow / flow.sum()
        shape = (self.replacement.n_layers, -1)
        largest = float(self.graph.edges[self.kept].abs().max())
        return HeadTable(
            signed[:-1].view(shape),
            share[:-1].view(shape),
            influence[:-1].view(shape),
            self.keys / self.keys.sum(-1, keepdim=True).clamp(min=1e-300),
            float(signed[-1]),
            float(share[-1]),
            float(influence[-1]),
            self.n_edges,
            self.worst / largest,
        )
