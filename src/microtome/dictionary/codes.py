"""Sparse codes: which features are active on which rows, and how strongly."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Codes:
    """Active features of N rows (tokens) in compressed-row form.

    Row r holds entries offsets[r] to offsets[r + 1], in rising order of feature.
    """

    n_features: int
    offsets: Int[Tensor, " rows_plus_one"]
    features: Int[Tensor, " active"]
    values: Float[Tensor, " active"]

    @property
    def n_rows(self) -> int:
        return len(self.offsets) - 1

    @property
    def n_active(self) -> int:
        return len(self.features)

    def rows(self) -> Int[Tensor, " active"]:
        """Row of every entry."""
        counts = self.offsets.diff()
        return torch.repeat_interleave(torch.arange(self.n_rows, device=counts.device), counts)

    def dense(self) -> Float[Tensor, "rows n_features"]:
        """The codes as a dense matrix, for tests and small dictionaries."""
        out = self.values.new_zeros(self.n_rows, self.n_features)
        out[self.rows(), self.features] = self.values
        return out

    def without_rows(self, rows: list[int]) -> "Codes":
        """The same codes with some rows emptied."""
        keep = torch.ones(self.n_rows, dtype=torch.bool, device=self.offsets.device)
        keep[rows] = False
        entries = keep[self.rows()]
        counts = self.offsets.diff() * keep
        return Codes(
            self.n_features, _offsets(counts), self.features[entries], self.values[entries]
        )

    @staticmethod
    def from_mask(values: Float[Tensor, "rows n"], mask: Tensor) -> "Codes":
        """Keep the entries of a dense matrix that a mask names."""
        rows_features = mask.nonzero()
        return Codes(
            n_features=values.shape[1],
            offsets=_offsets(mask.sum(-1)),
            features=rows_features[:, 1].contiguous(),
            values=values[mask],
        )


def _offsets(counts: Int[Tensor, " rows"]) -> Int[Tensor, " rows_plus_one"]:
    return torch.cat([counts.new_zeros(1), counts.cumsum(0)])
