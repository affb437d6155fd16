"""Shares of pairs and their intervals."""

import numpy as np
from pydantic import BaseModel, ConfigDict

RESAMPLES = 1000


class Share(BaseModel):
    """A mean over pairs with its 95% interval (percentile bootstrap over pairs, Efron 1979)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float
    low: float
    high: float
    n: int
    """Pairs that it rests on; with none, the figure says nothing."""

    def __str__(self) -> str:
        if not self.n:
            return "none"
        return f"{self.value:.0%} ({self.low:.0%} to {self.high:.0%})"


def share(values, seed: int = 0) -> Share:
    """Mean over pairs.

    Args:
        values: one for each pair; where several draws were made for each, [pair, draw]: draws are
            averaged, pairs resampled.
        seed: of the resampling; figures over the same pairs with one seed are paired.
    """
    each = _by_pair(values)
    n = len(each)
    if n == 0:
        return Share(value=0.0, low=0.0, high=0.0, n=0)
    drawn = np.random.default_rng(seed).integers(0, n, (RESAMPLES, n))
    low, high = np.quantile(each[drawn].mean(1), (0.025, 0.975))
    return Share(value=float(each.mean()), low=float(low), high=float(high), n=n)


def above(values, control, seed: int = 0) -> Share:
    """By how much a share is above that of a control on the same pairs, paired."""

    return share(_by_pair(values) - _by_pair(control), seed)


def _by_pair(values) -> np.ndarray:
    each = np.asarray(values, dtype=np.float64)
    return each.reshape(len(each), -1).mean(1) if each.size else np.zeros(0)
