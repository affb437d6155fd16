"""Intervals of 95% around shares, their means, and means over features."""

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, stdev

_Z = 1.959964


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Of a share (Wilson 1927); stays inside [0, 1] and is not empty at its ends."""
    centre = hits + _Z**2 / 2
    spread = _Z * sqrt(hits * (n - hits) / n + _Z**2 / 4)
    return (centre - spread) / (n + _Z**2), (centre + spread) / (n + _Z**2)


def balanced_accuracy(
    hits: int, positives: int, rejections: int, negatives: int
) -> tuple[float, float, float]:
    """Mean of sensitivity and specificity, with its interval.

    The interval of the sum is recovered from those of the shares (MOVER: Zou & Donner 2008).
    """
    value, below, above = 0.0, 0.0, 0.0
    for right, n in ((hits, positives), (rejections, negatives)):
        share = right / n
        low, high = wilson(right, n)
        value += share / 2
        below += (share - low) ** 2
        above += (high - share) ** 2
    return value, max(value - sqrt(below) / 2, 0.0), min(value + sqrt(above) / 2, 1.0)


def mean(values: Sequence[float]) -> tuple[float, float | None, float | None] | None:
    """Mean over features, with Student's interval, which one feature does not have; None where
    there is no feature."""
    if not values:
        return None
    n, value = len(values), fmean(values)
    if n < 2:
        return value, None, None
    from scipy import stats  # takes long to import, and reading labels needs none of it

    spread = float(stats.t.ppf(0.975, n - 1)) * stdev(values) / sqrt(n)
    return value, max(value - spread, 0.0), min(value + spread, 1.0)
