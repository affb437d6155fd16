"""Features of known make are sorted as what they are."""

import pytest
import torch

from microtome.study.addition.kinds import NAMES, permuted, shuffled, sort_features
from microtome.study.addition.sortings import smoothed
from microtome.study.addition.subject import all_pairs

PAIRS = all_pairs()
A, B = PAIRS[:, 0], PAIRS[:, 1]
MADE = {
    "ones of first": A % 10 == 6,
    "ones of second": B % 10 == 9,
    "ones of sum": (A + B) % 10 == 5,
    "lookup": (A % 10 == 6) & (B % 10 == 9),
    "size of first": (A >= 30) & (A < 50),
    "size of second": B > 60,
    "size of sum": ((A + B) - 90).abs() <= 8,
    "size of both": (A // 10 == 3) & (B // 10 == 5),
    "exact first": A == 36,
    "exact second": B == 59,
    "exact sum": A + B == 95,
}


def noise(n: int = 1) -> torch.Tensor:
    return (torch.rand(len(PAIRS), n) > 0.8).float()


def test_every_kind_is_recognised_under_noise():
    on = torch.stack(list(MADE.values()), 1).float()
    activation = on * (1 + torch.rand(on.shape))
    kinds = sort_features(PAIRS, torch.cat([activation, noise()], 1))
    assert [NAMES[i] for i in kinds.kind] == [*MADE, "mixed"]
    assert bool((kinds.f1[:-1] > 0.9).all())
    assert float(kinds.f1[-1]) < 0.4  # always on is right in a fifth of all pairs: F1 of 1/3
    ones, magnitude = kinds.path("ones"), kinds.path("magnitude")
    assert ones.nonzero()[:, 0].tolist() == [0, 1, 2, 3]
    assert magnitude.nonzero()[:, 0].tolist() == [4, 5, 6, 7]


def test_nothing_is_sorted_when_pairs_are_shuffled():
    activation = torch.stack(list(MADE.values()), 1).float()
    kinds = sort_features(PAIRS, permuted(activation))
    assert not bool((kinds.path("ones") | kinds.path("magnitude")).any())
    assert torch.equal(kinds.density, sort_features(PAIRS, activation).density)


def test_features_that_are_hardly_ever_on_are_not_sorted():
    activation = torch.zeros(len(PAIRS), 2)
    activation[:15, 0] = 1.0
    activation[:25, 1] = 1.0
    assert sort_features(PAIRS, activation).alive.tolist() == [False, True]


def test_smoothing_leaves_no_last_digit_and_keeps_a_slope():
    values = torch.arange(100)
    count = torch.ones(100)
    digit = smoothed((values % 10 == 3).float()[:, None], count)
    torch.testing.assert_close(digit[10:-10], torch.full((80, 1), 0.1))
    slope = smoothed(values.float()[:, None], count)
    torch.testing.assert_close(slope[10:-10, 0], values[10:-10].float())


def test_shuffled_labels_keep_layer_and_strength():
    n = 400
    kinds = sort_features(PAIRS, noise(n))
    layer = torch.arange(n) // 200
    strength = torch.rand(n)
    path = torch.zeros(n, dtype=torch.bool)
    path[layer == 1] = strength[layer == 1] > 0.6
    dealt = shuffled(path, kinds, layer, strength, torch.Generator().manual_seed(0))
    assert not bool(dealt[layer == 0].any())
    assert int(dealt.sum()) == int(path.sum())
    assert float(strength[dealt].mean()) == pytest.approx(float(strength[path].mean()), abs=0.02)
