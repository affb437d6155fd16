"""The ceiling of what one direction can tell: a linear probe for each concept, told the labels."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from microtome.specimen.score.held_out import Sides, f1_of

_STEPS = 150
_RIDGE = 1e-4


@torch.no_grad()
def probe_coverage(sides: Sides) -> Float[Tensor, " concepts"]:
    """F1 of a logistic regression for each concept, on the rows to measure on.

    Activations are whitened, so that the mean logistic loss has curvature 1/4 at most and
    Nesterov's accelerated gradient with step 4 needs no line search; all probes are fitted at once
    in float32, from the least-squares solution on. The threshold with the best F1 is chosen on the
    rows of the fit, as a feature's is.
    """
    mean, whitening = _whitening(sides.x)
    x, test_x = (_with_one((part - mean) @ whitening) for part in (sides.x, sides.test_x))
    weight = _fit(x, sides.concepts.to(x.dtype))
    thresholds = best_thresholds(x @ weight, sides.concepts)
    return f1_of(test_x @ weight >= thresholds, sides.test_concepts)


def best_thresholds(
    scores: Float[Tensor, "rows concepts"], truth: Bool[Tensor, "rows concepts"]
) -> Float[Tensor, " concepts"]:
    """By concept, the score from which on saying yes has the best F1."""
    ordered, order = scores.sort(0, descending=True)
    hits = truth.gather(0, order).double().cumsum(0)
    said = torch.arange(1, len(scores) + 1, dtype=torch.float64)[:, None]
    f1 = 2 * hits / (said + truth.sum(0))
    # of equal scores only the last is a threshold: it takes all of them or none
    f1[:-1][ordered[1:] == ordered[:-1]] = -1.0
    return ordered.gather(0, f1.argmax(0)[None])[0]


def _whitening(x: Float[Tensor, "rows d"]) -> tuple[Tensor, Tensor]:
    """The mean, and a map to unit covariance that leaves directions without variance out."""
    wide = x.double()
    mean = wide.mean(0)
    values, vectors = torch.linalg.eigh((wide - mean).T @ (wide - mean) / len(x))
    kept = values > 1e-9 * values[-1].clamp(min=1e-30)
    return mean.to(x.dtype), (vectors[:, kept] / values[kept].sqrt()).to(x.dtype)


def _with_one(x: Float[Tensor, "rows d"]) -> Float[Tensor, "rows d_plus_1"]:
    return torch.cat([x, x.new_ones(len(x), 1)], 1)


def _fit(
    x: Float[Tensor, "rows d"], y: Float[Tensor, "rows concepts"]
) -> Float[Tensor, "d concepts"]:
    # least squares on whitened rows is one product; scaled as a logit: +-1 becomes +-4
    weight = x.T @ (8 * y - 4) / len(x)
    moved, before = weight, weight
    for step in range(_STEPS):
        gradient = x.T @ ((x @ moved).sigmoid() - y) / len(x) + _RIDGE * moved
        weight = moved - 4 / (1 + 4 * _RIDGE) * gradient
        moved = weight + step / (step + 3) * (weight - before)
        before = weight
    return weight
