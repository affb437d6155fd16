"""Intervals hold what they should hold, as often as they say."""

import numpy as np
import pytest
from scipy.stats import binomtest, ttest_1samp

from microtome.explain.intervals import balanced_accuracy, mean, wilson
from microtome.explain.label import Score


@pytest.mark.parametrize(("hits", "n"), [(0, 5), (5, 5), (3, 10), (17, 25)])
def test_wilson_is_that_of_scipy(hits: int, n: int):
    expected = binomtest(hits, n).proportion_ci(method="wilson")
    assert wilson(hits, n) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_balanced_accuracy_weighs_both_classes_alike():
    value, low, high = balanced_accuracy(10, 10, 1, 2)
    assert value == pytest.approx(0.75)
    assert 0.4 < low < 0.75 < high < 1


def test_a_perfect_score_has_an_interval_too():
    value, low, high = balanced_accuracy(25, 25, 25, 25)
    assert (value, high) == (1, 1)
    assert 0.85 < low < 0.96


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    true = (0.85, 0.6)
    inside = 0
    for hits, rejections in rng.binomial(25, true, (2000, 2)).tolist():
        _, low, high = balanced_accuracy(hits, 25, rejections, 25)
        inside += low <= sum(true) / 2 <= high
    assert 0.93 < inside / 2000 < 0.98


def test_a_mean_over_features_has_their_spread():
    assert mean([]) is None
    assert mean([0.5]) == (0.5, None, None)
    scores = [0.4, 0.6, 0.7, 0.9]
    value, low, high = mean(scores) or (0, 0, 0)
    expected = ttest_1samp(scores, 0.5).confidence_interval(0.95)
    assert (low, high) == pytest.approx((expected.low, expected.high))
    assert value == pytest.approx(0.65)


def test_what_was_not_answered_is_not_counted():
    score = Score.of([True, True, False, False], [True, None, False, True])
    assert score is not None
    assert (score.hits, score.positives, score.rejections, score.negatives) == (1, 1, 1, 2)
    assert (score.value, score.unanswered) == (0.75, 1)
    assert Score.of([True, False], [True, None]) is None
    assert Score.of([], []) is None
