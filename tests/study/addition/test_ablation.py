"""Ablation of the paths, on the real model."""

import numpy as np
import pytest
import torch

from microtome.specimen import load_dictionary, load_model
from microtome.specimen.adder import world
from microtome.study.addition.ablation import Ablated, Condition, ablate, confusion, held_out
from microtome.study.addition.document import Held, Path
from microtome.study.addition.paths import DEALT, PATHS, Paths
from microtome.study.addition.subject import Subject


def test_errors_are_told_by_digit():
    #            right  ones   tens  neither  no number
    answers = np.array([[95, 85, 97, 13, -1]])
    condition = Condition("ones", "path", "mean")
    ablated = Ablated(np.array([95]), {(condition, "live"): answers})
    (row,) = confusion(ablated)
    cells = (row.both_right, row.ones_only, row.tens_only, row.neither)
    assert [cell.value for cell in cells] == pytest.approx([0.2, 0.2, 0.2, 0.4])
    assert row.near.value == pytest.approx(0.4)
    assert row.error == 6  # of 0, 10, 2, 82: no number is no distance
    expected = [[False, False, True, False, False]]
    assert ablated.predicted("ones", "path", "mean", "live").tolist() == expected


def test_what_is_ablated_is_what_changes_answers():
    model = load_model("specimen:adder", "cpu")
    subject = Subject.of(model, load_dictionary("specimen:adder"))
    pairs = held_out(subject, world.split_pairs(0).held_out[:40], 6, 0)
    assert len(pairs) == 6
    nothing = torch.zeros(len(subject.layer), dtype=torch.bool)
    own: dict[Path, torch.Tensor] = {"ones": nothing, "magnitude": ~nothing}
    paths = Paths(own, {(path, who): [nothing] for path in PATHS for who in DEALT})
    found = ablate(subject, paths, torch.zeros(len(nothing)), pairs)
    held: Held
    for held in ("live", "frozen"):
        kept = found.answers[Condition("ones", "path", "zero"), held]
        assert (kept[:, 0] == found.sums).all()
        gone = found.answers[Condition("magnitude", "path", "zero"), held]
        assert (gone[:, 0] != found.sums).any()
        both = found.answers[Condition("both", "path", "zero"), held]
        assert (both == gone).all()
