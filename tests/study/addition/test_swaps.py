"""What the account predicts of a swap."""

import numpy as np
import torch

from microtome.study.addition.subject import all_pairs
from microtome.study.addition.swaps import Swapped, draw_others


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
