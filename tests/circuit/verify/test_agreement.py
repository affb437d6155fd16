"""Agreement of predicted and measured effects."""

import numpy as np
import pytest

from microtome.circuit.verify.agreement import agreement
from microtome.circuit.verify.verdict import edge_verdict


def test_exact_prediction_is_one():
    p = np.linspace(-2, 3, 40)
    found = agreement(p, p, np.arange(40))
    assert found.r2 == pytest.approx(1) and found.cosine == pytest.approx(1)
    assert found.slope == pytest.approx(1) and found.n == 40
    assert found.r2_interval == pytest.approx((1, 1))


def test_half_as_strong_has_slope_half_and_the_same_direction():
    p = np.linspace(-2, 2, 41)
    found = agreement(p, p / 2, np.arange(41))
    assert found.slope == pytest.approx(0.5) and found.cosine == pytest.approx(1)
    assert found.r2 == pytest.approx(0)


def test_chance_has_no_direction_and_the_interval_says_so():
    random = np.random.default_rng(0)
    p, m = random.normal(size=(2, 400))
    found = agreement(p, m, np.arange(400))
    low, high = found.slope_interval
    assert low < 0 < high and abs(found.cosine) < 0.15
    assert found.r2 < 0


def test_pairs_of_one_source_are_not_independent():
    p = np.repeat(np.linspace(1, 2, 5), 100)
    m = p + np.repeat([0.5, -0.5, 0.3, -0.2, 0.1], 100)
    one, many = agreement(p, m, np.repeat(np.arange(5), 100)), agreement(p, m, np.arange(500))
    width = [b - a for a, b in (one.slope_interval, many.slope_interval)]
    assert width[0] > 3 * width[1]


def test_what_was_not_measured_is_left_out_and_nothing_is_nothing():
    found = agreement([1.0, 2.0, 3.0], [1.0, float("nan"), 3.0], [0, 1, 2])
    assert found.n == 2 and found.r2 == pytest.approx(1)
    nothing = agreement([], [], [])
    assert nothing.n == 0 and nothing.r2 is None and nothing.slope_interval is None
    assert agreement([1.0, 2.0], [0.0, 0.0], [0, 1]).r2 is None


@pytest.mark.parametrize(
    ("slope", "interval", "verdict"),
    [
        (1.0, (0.8, 1.2), "confirmed"),
        (0.3, (0.2, 0.4), "weaker"),
        (3.0, (2.5, 3.5), "stronger"),
        (-0.5, (-0.9, -0.1), "contradicted"),
        (0.0, (-0.02, 0.05), "contradicted"),
        (0.9, (-0.5, 2.0), "unclear"),
        (2.1, (1.2, 2.8), "stronger"),
        (0.4, (0.2, 0.6), "weaker"),
        (0.4, (0.05, 0.6), "unclear"),
        (None, None, "not testable"),
    ],
)
def test_verdicts_of_edges(slope, interval, verdict: str):
    assert edge_verdict(slope, interval) == verdict
