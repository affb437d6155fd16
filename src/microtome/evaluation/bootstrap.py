"""Intervals: bootstrap over documents (Efron 1979; the percentile interval).

Tokens of one document are alike, so resampling tokens would give intervals that are too narrow;
whole documents are drawn, with replacement, from sums that were kept per document.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.evaluation.sums import DocumentSums

Statistic = Callable[[Mapping[str, Tensor]], Tensor]
"""A figure from sums by name; works on one total and on a column of resampled totals alike."""

_CHUNK = 64


@dataclass(frozen=True)
class Figure:
    """A figure, how many tokens it rests on, and its 95% interval where it has one."""

    value: float
    n: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Estimate:
    """A figure with its bootstrap draws, so that figures can be averaged in pairs."""

    value: float
    n: int
    draws: Float[Tensor, " draws"]
    """Empty where one document is all there is."""

    def figure(self) -> Figure:
        known = self.draws[torch.isfinite(self.draws)]
        if len(known) < max(len(self.draws) // 2, 1):
            return Figure(self.value, self.n)
        low, high = torch.quantile(known, torch.tensor([0.025, 0.975], dtype=known.dtype)).tolist()
        return Figure(self.value, self.n, low, high)


class Bootstrap:
    """Resampled totals of some documents' sums.

    Two bootstraps over the same documents with one seed draw the same samples, so differences
    and ratios of their draws are paired.
    """

    def __init__(self, sums: DocumentSums, draws: int = 1000, seed: int = 0):
        self.total = sums.total()
        n = len(sums.documents)
        generator = torch.Generator().manual_seed(seed)
        parts = []
        for start in range(0, draws if n > 1 else 0, _CHUNK):
            rows = min(_CHUNK, draws - start)
            picked = torch.randint(n, (rows, n), generator=generator)
            weights = torch.zeros(rows, n, dtype=torch.float64)
            weights.scatter_add_(1, picked, torch.ones(rows, n, dtype=torch.float64))
            parts.append(weights @ sums.values)
        drawn = torch.cat(parts) if parts else sums.values.new_zeros(0, len(sums.names))
        self.drawn = dict(zip(sums.names, drawn.T, strict=True))

    def estimate(self, statistic: Statistic, n: str = "tokens") -> Estimate | None:
        """A figure; None where it is undefined (a ratio whose denominator is zero)."""
        value = float(statistic(self.total))
        if value != value or value in (float("inf"), float("-inf")):
            return None
        return Estimate(value, int(self.total[n]), statistic(self.drawn))


def mean_estimate(estimates: Sequence[Estimate | None]) -> Estimate | None:
    """The mean of a figure over sites, its draws averaged in pairs; None if any is undefined."""
    known = [e for e in estimates if e is not None]
    if not known or len(known) < len(estimates):
        return None
    draws = torch.stack([e.draws for e in known]).mean(0)
    return Estimate(sum(e.value for e in known) / len(known), known[0].n, draws)


def ratio(above: str, below: str) -> Statistic:
    """The ratio of two sums: a mean over tokens where `below` counts them."""
    return lambda sums: sums[above] / sums[below]
