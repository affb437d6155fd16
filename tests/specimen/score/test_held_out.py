"""Coverage on rows that chose neither feature nor threshold."""

import pytest
import torch

from microtome.dictionary import Codes
from microtome.evaluation import coverage
from microtome.specimen.score.held_out import f1_of, held_out_coverage, split_rows
from microtome.specimen.score.probe import best_thresholds, probe_coverage


def encode(x: torch.Tensor) -> Codes:
    """Every dimension is a feature."""
    return Codes.from_mask(x, x > 0)


def test_a_feature_that_is_the_concept_is_found():
    x = torch.rand(300, 6) * (torch.rand(300, 6) < 0.5)
    concepts = torch.stack([x[:, 2] > 0, x[:, 4] > 0.6], 1)
    sides = split_rows(x, concepts, torch.arange(300) % 2 == 1)
    told = held_out_coverage(encode, sides)
    assert told.features == (2, 4)
    assert told.f1[0] == 1.0
    assert told.f1[1] > 0.9
    rows = sides.concepts[:, 0]
    assert told.levels[0] == pytest.approx(float(sides.x[rows, 2].mean()), rel=1e-6)


def test_concepts_with_one_best_feature_are_each_told_by_it():
    """Twins that one dimension tells, and one between them that another tells."""
    x = torch.rand(200, 5) * (torch.rand(200, 5) < 0.5)
    twin, other = x[:, 3] > 0, x[:, 1] > 0
    sides = split_rows(x, torch.stack([twin, other, twin], 1), torch.arange(200) % 2 == 1)
    told = held_out_coverage(encode, sides)
    assert told.features == (3, 1, 3)
    assert told.f1.tolist() == [1.0, 1.0, 1.0]
    expected = [float(sides.x[sides.x[:, i] > 0, i].mean()) for i in (3, 1, 3)]
    assert told.levels == pytest.approx(expected, rel=1e-6)


def test_what_is_chosen_by_accident_does_not_count():
    """Of 500 features that know nothing one always tells a rare concept on the rows at hand."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(400, 500, generator=generator)
    x = x * (torch.rand(400, 500, generator=generator) < 0.1)
    concepts = torch.rand(400, 20, generator=generator) < 0.05
    test = torch.arange(400) % 2 == 1
    sides = split_rows(x, concepts, test)
    here = coverage(encode(sides.x), sides.concepts).mean
    there = float(held_out_coverage(encode, sides).f1.mean())
    chance = float(sides.chance.mean())
    assert here > 2 * chance
    assert there < 1.3 * chance


def test_rare_concepts_and_constant_ones_are_left_out():
    concepts = torch.zeros(100, 3, dtype=torch.bool)
    concepts[:, 0] = True
    concepts[:20, 1] = True
    concepts[:3, 2] = True
    sides = split_rows(torch.rand(100, 2), concepts, torch.arange(100) % 2 == 1)
    assert sides.names == (1,)
    assert sides.chance.tolist() == pytest.approx([2 * 0.2 / 1.2])


def test_no_active_feature_tells_nothing():
    x = -torch.rand(60, 4)
    concepts = (torch.arange(60) % 3 == 0)[:, None]
    told = held_out_coverage(encode, split_rows(x, concepts, torch.arange(60) >= 30))
    assert told.f1.tolist() == [0.0]
    assert told.features == (-1,)


def test_f1_by_hand():
    said = torch.tensor([[True], [True], [False], [False]])
    truth = torch.tensor([[True], [False], [True], [False]])
    assert f1_of(said, truth).tolist() == [0.5]
    assert f1_of(said & False, truth).tolist() == [0.0]


def test_the_probe_tells_what_one_direction_can_and_no_more():
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(1200, 8, generator=generator)
    line = x @ torch.randn(8, generator=generator) > 0.5
    ring = x[:, :2].norm(dim=1) < 0.8
    sides = split_rows(x, torch.stack([line, ring], 1), torch.arange(1200) % 2 == 1)
    f1 = probe_coverage(sides)
    assert f1[0] > 0.97
    assert f1[1] < 0.75


def test_the_probe_survives_directions_without_variance():
    x = torch.randn(200, 3) @ torch.randn(3, 10)
    concepts = (x[:, 0] > 0)[:, None]
    f1 = probe_coverage(split_rows(x, concepts, torch.arange(200) % 2 == 1))
    assert f1[0] > 0.9


def test_equal_scores_are_one_threshold():
    scores = torch.tensor([[2.0], [1.0], [1.0], [0.0]])
    truth = torch.tensor([[True], [True], [False], [False]])
    found = best_thresholds(scores, truth)
    assert found.tolist() == [1.0]  # F1 0.8 against 2/3 at 2.0
