"""Edges while they are being computed: blocks, as large as the causal cone and no larger."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.circuit.influence import normalise, propagate
from microtome.circuit.sweep import ChunkEdges, Columns


@dataclass
class EdgeStore:
    """Rows of edges in the order in which they were computed.

    A dense matrix of targets by sources would be three quarters zeros: sources lie below and
    before their targets. The store keeps the blocks that the sweep fills.
    """

    columns: Columns
    chunks: list[tuple[int, ChunkEdges]] = field(default_factory=list)
    """First row and edges of every chunk."""
    row_columns: list[Tensor] = field(default_factory=list)
    """Per chunk, the source column of each row's node, -1 for none."""
    masses: list[Tensor] = field(default_factory=list)
    """Per chunk, the sum of absolute edges of each row."""
    n_rows: int = 0

    def add(self, edges: ChunkEdges, row_columns: Int[Tensor, " rows"]) -> None:
        mass = edges.bias.abs()
        for block in edges.blocks:
            mass[: len(block.values)] += block.values.abs().sum(-1)
        self.chunks.append((self.n_rows, edges))
        self.row_columns.append(row_columns)
        self.masses.append(mass)
        self.n_rows += len(mass)

    @property
    def mass(self) -> Float[Tensor, " rows"]:
        return torch.cat(self.masses)

    def sums(self) -> Float[Tensor, " rows"]:
        """Sum of every row over all sources."""
        sums = []
        for _, edges in self.chunks:
            total = edges.bias.clone()
            for block in edges.blocks:
                total[: len(block.values)] += block.values.sum(-1)
            sums.append(total)
        return torch.cat(sums)

    def influence(self, weights: Float[Tensor, " rows"]) -> Float[Tensor, " columns"]:
        """Influence of every source on the targets, given the rows computed so far."""
        factors = normalise(self.mass)

        def step(rows: Tensor) -> Tensor:
            rows = rows * factors
            out = rows.new_zeros(self.columns.total)
            for start, edges in self.chunks:
                self._accumulate(out, edges, rows[start : start + len(edges.bias)])
            return out

        return propagate(weights, step, torch.cat(self.row_columns))

    def _accumulate(self, out: Tensor, edges: ChunkEdges, rows: Tensor) -> None:
        used = rows.nonzero()[:, 0]
        if not len(used):
            return
        first, last = int(used[0]), int(used[-1]) + 1
        for block in edges.blocks:
            part = block.values[first:last]
            if len(part):
                stop = block.start + part.shape[1]
                out[block.start : stop] += rows[first : first + len(part)] @ part.abs()
        out[self.columns.bias] += rows[first:last] @ edges.bias[first:last].abs()

    def assemble(
        self, keep: Int[Tensor, " kept"], order: Int[Tensor, " rows"]
    ) -> tuple[Float[Tensor, "rows kept"], Float[Tensor, " rows"], Float[Tensor, " rows"]]:
        """A rectangular matrix of some sources, and what the rows have elsewhere.

        Args:
            keep: source columns, rising.
            order: for each row of the result, its number in the store.

        Returns:
            The edges; the signed sum and the absolute mass of the columns left out.
        """
        place = torch.full((self.columns.total,), -1, device=keep.device)
        place[keep] = torch.arange(len(keep), device=keep.device)
        target = torch.empty_like(order)
        target[order] = torch.arange(len(order), device=order.device)
        out = self.masses[0].new_zeros(self.n_rows, len(keep))
        left_sum, left_mass = out.new_zeros(self.n_rows), out.new_zeros(self.n_rows)
        for start, edges in self.chunks:
            rows = target[start : start + len(edges.bias)]
            for block in edges.blocks:
                at = place[block.start : block.start + block.values.shape[1]]
                into = rows[: len(block.values)]
                _place(out, into, at, block.values)
                if bool((at < 0).any()):
                    rest = block.values[:, at < 0]
                    left_sum[into] += rest.sum(-1)
                    left_mass[into] += rest.abs().sum(-1)
            out[rows, place[self.columns.bias]] = edges.bias
        return out, left_sum, left_mass


def _place(out: Tensor, rows: Tensor, at: Tensor, values: Tensor) -> None:
    """Copy a block to its kept columns, which are contiguous because `keep` rises."""
    kept = at >= 0
    if not bool(kept.any()):
        return
    first = int(at[kept][0])
    if not bool(kept.all()):
        values = values[:, kept]
    out[:, first : first + values.shape[1]].index_copy_(0, rows, values)
