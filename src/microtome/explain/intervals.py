"""Intervals of 95% around shares, their means, and means over features."""

from collections.abc import Sequence
from math import sqrt

import numpy as np

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


def mean(values: Sequence[float], draws: int = 2000) -> tuple[float, float, float] | None:
    """Mean over features, with the interval of a bootstrap over them; None where there is none."""
    if not values:
        return None
    at = np.array(values)
    drawn = at[np.random.default_rng(0).integers(0, len(at), (draws, len(at)))].mean(1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(at.mean()), float(low), float(high)
