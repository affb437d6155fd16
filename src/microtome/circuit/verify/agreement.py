"""How well predicted effects agree with measured ones."""

import numpy as np
from pydantic import BaseModel, ConfigDict

RESAMPLES = 500


class Agreement(BaseModel):
    """Predicted against measured effects, with 95% intervals over resampled sources."""

    model_config = ConfigDict(extra="forbid")

    n: int
    """Pairs of a predicted and a measured effect."""
    r2: float | None
    """1 - sum (measured - predicted)^2 / sum (measured - mean)^2: 1 is exact, 0 no better than
    their mean; None where nothing was measured or nothing moved."""
    r2_interval: tuple[float, float] | None
    cosine: float | None
    """Of predicted and measured effects as vectors: their direction alone."""
    slope: float | None
    """Of measured on predicted effects through the origin: 1 is as strong as predicted."""
    slope_interval: tuple[float, float] | None


def agreement(predicted, measured, sources, seed: int = 0) -> Agreement:
    """Agreement of effects.

    Args:
        predicted: any shape.
        measured: the same shape; pairs with NaN are left out.
        sources: the same shape: of which source each effect is. Effects of one source are not
            independent, so the intervals resample sources.
        seed: of the resampling.
    """
    p, m = (np.asarray(x, dtype=np.float64).ravel() for x in (predicted, measured))
    s = np.asarray(sources).ravel()
    known = np.isfinite(p) & np.isfinite(m)
    p, m, s = p[known], m[known], s[known]
    sums = _sums(p, m, s)
    total = sums.sum(0)
    drawn = np.random.default_rng(seed).integers(0, max(len(sums), 1), (RESAMPLES, len(sums)))
    again = sums[drawn].sum(1) if len(sums) > 1 else None
    return Agreement(
        n=len(p),
        r2=_only(_r2(total[None])),
        r2_interval=_interval(_r2(again)) if again is not None else None,
        cosine=_only(_ratio(total[None, 3], np.sqrt(total[None, 4] * total[None, 2]))),
        slope=_only(_slope(total[None])),
        slope_interval=_interval(_slope(again)) if again is not None else None,
    )


def _sums(p: np.ndarray, m: np.ndarray, s: np.ndarray) -> np.ndarray:
    """By source: n, sum m, sum m^2, sum p m, sum p^2."""
    names, at = np.unique(s, return_inverse=True)
    parts = (np.ones_like(p), m, m * m, p * m, p * p)
    return np.stack([np.bincount(at, part, len(names)) for part in parts], 1)


def _r2(sums: np.ndarray) -> np.ndarray:
    n, m, mm, pm, pp = np.moveaxis(sums, -1, 0)
    left = mm - 2 * pm + pp
    return 1 - _ratio(left, mm - _ratio(m * m, n))


def _slope(sums: np.ndarray) -> np.ndarray:
    return _ratio(sums[..., 3], sums[..., 4])


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.divide(a, b, out=np.full(np.shape(a), np.nan), where=b > 0)


def _only(values: np.ndarray) -> float | None:
    return float(values[0]) if len(values) and np.isfinite(values[0]) else None


def _interval(values: np.ndarray) -> tuple[float, float] | None:
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
