"""What the account predicts of a swap."""

import numpy as np
import torch

from microtome.specimen import load_dictionary, load_model
from microtome.study.addition.document import PATHS
from microtome.study.addition.paths import DEALT, Paths
from microtome.study.addition.subject import Subject, all_pairs
from microtome.study.addition.swaps import Swapped, draw_others, swap_paths, swap_rows


def swapped(swap, pair, other, got: list[int]) -> Swapped:
    answers = {(f"{swap} path", "live"): np.array([got])}
    return Swapped(swap, torch.tensor([pair]), torch.tensor([other]), answers)


def test_the_ones_path_gives_the_ones_digit_and_the_size_stays():
    one = swapped("ones", [36, 59], [36, 51], [97, 87, 95, 107, -1])
    assert one.expected(0) == [97]  # ends as 87 does, nearest to 95
    assert one.success("ones path", "live").tolist() == [[True, False, False, False, False]]
    assert swapped("ones", [36, 59], [36, 54], [90]).expected(0) == [90, 100]
    assert swapped("ones", [1, 0], [9, 0], [9]).expected(0) == [9]  # there is no -1


def test_the_magnitude_path_gives_the_size_and_the_ones_digit_stays():
    one = swapped("magnitude", [36, 59], [36, 22], [55, 95, 58])
    assert one.expected(0) == [55]  # ends as 95 does, nearest to 58
    assert one.success("magnitude path", "live").tolist() == [[True, False, False]]


def test_other_prompts_differ_in_both_digits_of_one_operand():
    pairs = all_pairs()[::97]
    mine, others = draw_others(pairs, 0)
    assert len(mine) > 0.9 * len(pairs)
    assert bool(((mine != others).sum(1) == 1).all())
    by = mine.sum(1) - others.sum(1)
    assert bool((by % 10 != 0).all())
    assert int(by.abs().min()) >= 20
    assert torch.equal(draw_others(pairs, 0)[1], others)


def test_all_features_of_another_prompt_give_its_sum():
    model = load_model("specimen:adder", "cpu")
    subject = Subject.of(model, load_dictionary("specimen:adder"))
    pairs, others = draw_others(torch.tensor([[36, 59], [4, 7], [80, 88], [52, 13]]), 0)
    nothing = torch.zeros(len(subject.layer), dtype=torch.bool)
    dealt = {(path, who): [nothing] for path in PATHS for who in DEALT}
    paths = Paths(dict.fromkeys(PATHS, nothing), dealt)
    found = swap_paths(subject, paths, "ones", pairs, others)
    for held in ("live", "frozen"):
        assert found.answers["all features", held].tolist() == found.other_sums.tolist()
        assert found.answers["ones path", held].tolist() == found.sums.tolist()
    rows = {(row.patched, row.attention): row for row in swap_rows(found)}
    assert rows["all features", "live"].size_new.value == 1
    assert rows["ones path", "live"].tens_kept.value == 1
