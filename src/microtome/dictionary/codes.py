"""Sparse codes: which features are active on which rows, and how strongly."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


class ByFeature(NamedTuple):
    """Entries of codes in order of feature: feature f has entries offsets[f] to offsets[f + 1]."""

    offsets: Int[Tensor, " features_plus_one"]
    rows: Int[Tensor, " active"]
    order: Int[Tensor, " active"]
    """Where each entry stands in the order of rows."""


@dataclass(frozen=True)
class Codes:
    """Active features of N rows (tokens) in compressed-row form.

    Row r holds entries offsets[r] to offsets[r + 1], in rising order of feature.
    """

    n_features: int
    offsets: Int[Tensor, " rows_plus_one"]
    features: Int[Tensor, " active"]
    values: Float[Tensor, " active"]
    _sorted: list[ByFeature] = field(default_factory=list, repr=False, compare=False)
    """Shared among codes with the same entries."""

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

    def with_values(self, values: Float[Tensor, " active"]) -> "Codes":
        """The same entries with other values; they are sorted by feature only once."""
        return Codes(self.n_features, self.offsets, self.features, values, self._sorted)

    def by_feature(self, sort: Callable[["Codes"], ByFeature] | None = None) -> ByFeature:
        """The entries in order of feature; `sort` is a faster way to find it."""
        if not self._sorted:
            self._sorted.append((sort or _by_feature)(self))
        return self._sorted[0]

    def dense(self) -> Float[Tensor, "rows n_features"]:
        """The codes as a dense matrix, for tests and small dictionaries."""
        out = self.values.new_zeros(self.n_rows, self.n_features)
        out[self.rows(), self.features] = self.values
        return out

    def without_rows(self, rows: list[int]) -> "Codes":
        """The same codes with some rows emptied."""
        keep = torch.ones(self.n_rows, dtype=torch.bool, device=self.offsets.device)
        keep[rows] = False
        return self.where(keep[self.rows()])

    def where(self, keep: Bool[Tensor, " active"]) -> "Codes":
        """The entries that a mask over entries keeps."""
        counts = torch.zeros_like(self.offsets[1:]).index_add_(0, self.rows(), keep.long())
        return Codes(self.n_features, _offsets(counts), self.features[keep], self.values[keep])

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


def _by_feature(codes: Codes) -> ByFeature:
    order = torch.sort(codes.features, stable=True).indices
    counts = torch.bincount(codes.features, minlength=codes.n_features)
    return ByFeature(_offsets(counts), codes.rows()[order], order)


def _offsets(counts: Int[Tensor, " rows"]) -> Int[Tensor, " rows_plus_one"]:
    return torch.cat([counts.new_zeros(1), counts.cumsum(0)])
