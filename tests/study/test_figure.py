"""Shares and intervals."""

import numpy as np
import pytest

from microtome.study.figure import above, share


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(0)
    found = [share(rng.random(80) < 0.3) for _ in range(150)]
    inside = np.mean([one.low <= 0.3 <= one.high for one in found])
    assert 0.88 <= inside <= 0.99
    assert all(one.n == 80 for one in found)


def test_draws_are_averaged_and_pairs_resampled():
    one = np.array([1.0, 0.0, 1.0, 1.0])
    doubled = np.stack([one, one], 1)
    assert share(doubled) == share(one)  # a second draw of the same is no second pair


def test_a_paired_difference_is_narrower_than_its_parts():
    rng = np.random.default_rng(0)
    control = rng.random(200) < 0.5
    measured = control | (np.arange(200) % 10 == 0)
    difference = above(measured, control)
    assert difference.value == pytest.approx(share(measured).value - share(control).value)
    assert difference.high - difference.low < share(control).high - share(control).low


def test_no_pairs_say_nothing():
    assert share([]).n == 0
    assert str(share([])) == "none"
