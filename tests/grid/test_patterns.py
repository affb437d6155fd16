"""Patterns that were planted are found under their names; noise has none."""

import pytest
import torch

from microtome.errors import MicrotomeError
from microtome.grid.patterns import Recognised, recognise
from microtome.grid.slots import Slot

A, B = torch.arange(100)[:, None], torch.arange(100)[None]
EVERY = (A >= 0) & (B >= 0)


def numbers(name: str, n: int = 100) -> Slot:
    return Slot(name, tuple(map(str, range(n))))


def look(grid: torch.Tensor, draws: int = 5) -> Recognised:
    a, b = grid.shape
    return recognise(grid.float(), numbers("a", a), numbers("b", b), draws=draws)


PLANTED = {
    "sum ends in 5": ((A + B) % 10 == 5, "modulus", "a + b ends in 5"),
    "b ends in 9": ((B % 10 == 9) & EVERY, "modulus", "b ends in 9"),
    "multiples of 7": (((A % 7) == 3) & EVERY, "modulus", "a mod 7 is 3"),
    "sum 87 to 93": ((A + B - 90).abs() <= 3, "sum", "a + b 87–93"),
    "sum 57 or 121": (((A + B) == 57) | ((A + B) == 121), "sum", "a + b 57 or 121"),
    "wide sum": ((A + B - 90).abs() <= 20, "magnitude", "a + b 70–110"),
    "a in the thirties": ((A // 10 == 3) & EVERY, "magnitude", "a 30–39"),
    "a 36": ((A == 36) & EVERY, "lookup", "a 36"),
    "a of no order": (
        torch.isin(A, torch.tensor([3, 17, 56, 88])) & EVERY,
        "lookup",
        "a 3, 17 or 56 …",
    ),
    "digits 6 and 9": (
        (A % 10 == 6) & (B % 10 == 9),
        "lookup",
        "a ends in 6, b ends in 9",
    ),
    "two and three": (
        torch.isin(A, torch.tensor([3, 17])) & torch.isin(B, torch.tensor([5, 28, 77])),
        "lookup",
        "a 3 or 17, b 5, 28 or 77",
    ),
    "thirties and fifties": (
        (A // 10 == 3) & (B // 10 == 5),
        "magnitude",
        "a 30–39, b 50–59",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_patterns_are_found(name: str):
    grid, kind, words = PLANTED[name]
    found = look(grid)
    assert found.pattern is not None
    assert (found.pattern.kind, found.pattern.words) == (kind, words)
    figures = (found.pattern.precision, found.pattern.recall, found.pattern.f1)
    assert figures == pytest.approx((1, 1, 1))
    assert found.pattern.control < 0.6


@pytest.mark.parametrize("name", ["sum ends in 5", "digits 6 and 9", "wide sum"])
def test_patterns_are_found_in_noise(name: str):
    """A tenth of the active cells is silent, and as many others are active."""
    grid, kind, words = PLANTED[name]
    flips = torch.rand(100, 100) < 0.1 * grid.float().mean()
    noisy = (grid & (torch.rand(100, 100) > 0.1)) | (flips & ~grid)
    found = look(noisy.float() * (1 + torch.rand(100, 100)))
    assert found.pattern is not None
    assert (found.pattern.kind, found.pattern.words) == (kind, words)
    assert found.pattern.f1 > 0.85


@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.4, 0.8])
def test_noise_has_no_pattern(share: float):
    found = look((torch.rand(100, 100) < share).float())
    assert found.pattern is None
    assert found.words == "no pattern"
    assert found.active == pytest.approx(share, abs=0.05)


def test_noise_on_a_small_grid_has_no_pattern():
    generator = torch.Generator().manual_seed(1)
    named = [look((torch.rand(6, 6, generator=generator) < 0.3).float(), 20) for _ in range(20)]
    assert sum(found.pattern is not None for found in named) <= 2


def test_a_scattering_of_rows_is_a_lookup_and_no_magnitude():
    """Rows in random order keep how active each is, so a range of them is no better than its
    control."""
    found = look(torch.isin(A, torch.tensor([3, 17, 56, 88])) & EVERY)
    by_kind = {pattern.kind: pattern for pattern in found.patterns}
    assert not by_kind["magnitude"].above_control
    assert not by_kind["modulus"].above_control


def test_the_pattern_that_is_named_is_the_first_listed():
    """A range of one number is a cheaper rule than a set, but not above its own control here."""
    a, b = Slot("a", tuple(map(str, range(1, 13)))), Slot("b", tuple(map(str, range(0, 100, 10))))
    grid = (torch.arange(1, 13) == 5)[:, None].expand(12, 10)
    found = recognise(grid.float(), a, b)
    assert found.words == "a 5"
    assert found.patterns[0] == found.pattern
    assert len({p.kind for p in found.patterns}) == len(found.patterns)


def test_words_are_looked_up():
    a = Slot("a", ("capital", "king", "language", "river", "food"))
    b = Slot("b", tuple("ABCDEFGHIJ"))
    values = torch.zeros(5, 10)
    values[:2, 2:5] = torch.tensor([2.0, 3.0, 2.5])
    values[2, 3] = 0.5
    found = recognise(values, a, b)
    assert found.pattern is not None
    assert found.words == "a capital or king, b C, D or E"
    assert {pattern.kind for pattern in found.patterns} == {"lookup"}
    assert found.threshold == 1.5


def test_what_chance_does_as_well_is_no_pattern():
    """Three cells of thirty lie in one row by chance often enough."""
    values = torch.zeros(3, 10)
    values[0, 2:5] = 1
    found = look(values, 40)
    assert found.patterns[0].f1 == 1
    assert found.patterns[0].control > 0.7
    assert found.pattern is None


def test_constant_grids_have_no_pattern():
    assert look(torch.zeros(10, 10)).words == "never active"
    assert look(torch.ones(10, 10)).words == "active everywhere"
    assert look(torch.full((10, 10), -1.0)).words == "never active"


def test_one_row_and_one_cell_are_no_trouble():
    assert look(torch.tensor([[0.0, 1.0, 0.0, 0.0]])).active == 0.25
    assert look(torch.tensor([[1.0]])).words == "active everywhere"


def test_a_grid_that_is_not_of_its_slots_is_refused():
    with pytest.raises(MicrotomeError, match=r"shape \(2, 3\), its slots \(3, 2\)"):
        recognise(torch.ones(2, 3), numbers("a", 3), numbers("b", 2))
