"""Plots in the terminal, in a file, and as JSON."""

import json

import pytest
import torch
from rich.console import Console

from microtome.grid.draw import draw_grids
from microtome.grid.grids import FeatureGrid
from microtome.grid.patterns import recognise
from microtome.grid.places import Place
from microtome.grid.show import coarser, grid_document, show_grid
from microtome.grid.slots import Slot


def grid_of(values: torch.Tensor, a: list[str], b: list[str]) -> FeatureGrid:
    slots = Slot("a", tuple(a)), Slot("b", tuple(b))
    return FeatureGrid(2, 914, *slots, values, Place("b", 1), "at “=”, 1 after {b}")


def shown(grid: FeatureGrid) -> str:
    console = Console(width=100, color_system=None, force_terminal=False)
    with console.capture() as capture:
        show_grid(grid, recognise(grid.values, grid.a, grid.b, draws=2), "a label", console)
    return capture.get()


def numbers(n: int) -> list[str]:
    return [str(i) for i in range(n)]


def test_every_active_cell_is_a_dot():
    a, b = torch.arange(100)[:, None], torch.arange(100)[None]
    text = shown(grid_of(((a + b) % 10 == 5).float(), numbers(100), numbers(100)))
    assert max(map(len, text.splitlines())) <= 100
    dots = [ord(c) - 0x2800 for c in text if 0x2800 <= ord(c) <= 0x28FF]
    assert len(dots) == 50 * 25
    assert sum(bits.bit_count() for bits in dots) == 1000
    assert "a + b ends in 5" in text
    # the first active cells: a = 0 and b = 5 is in the third character, on its right
    assert dots[2] & 0x08
    assert not dots[0] & 0x01


def test_few_values_are_printed_as_numbers():
    values = torch.tensor([[0.0, 1.25], [3.5, 0.0]])
    text = shown(grid_of(values, ["capital", "king"], ["France", "Spain"]))
    assert "3.50" in text
    assert "Spain" in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("shape", [(300, 400), (7, 13), (1, 30), (41, 2)])
def test_any_size_fits(shape: tuple[int, int]):
    text = shown(grid_of(torch.rand(shape), numbers(shape[0]), numbers(shape[1])))
    assert max(map(len, text.splitlines())) <= 100


def test_words_above_a_narrow_plot_do_not_touch():
    tens = [str(n) for n in range(0, 100, 10)]
    assert "0  90  b →" in shown(grid_of(torch.rand(12, 10), numbers(12), tens))


def test_silent_features_have_no_plot():
    text = shown(grid_of(torch.zeros(20, 20), numbers(20), numbers(20)))
    assert "never active" in text
    assert not any(0x2800 <= ord(c) <= 0x28FF for c in text)


def test_coarser_grids_keep_the_largest():
    values = torch.zeros(10, 10)
    values[9, 9] = 3
    small = coarser(values, 4, 5)
    assert small.shape == (4, 5)
    assert small[3, 4] == 3
    assert coarser(values, 10, 10) is values


def test_files():
    grid = grid_of(torch.rand(3, 4), ["$x_1$", "b", "日本"], numbers(4))
    found = recognise(grid.values, grid.a, grid.b, draws=2)
    document = json.loads(json.dumps(grid_document(grid, found, "a label")))
    assert document["values"][2][3] == pytest.approx(float(grid.values[2, 3]), abs=1e-5)
    assert draw_grids([grid] * 4, [found] * 4, ["", "$", "c", "d"])[:8] == b"\x89PNG\r\n\x1a\n"
