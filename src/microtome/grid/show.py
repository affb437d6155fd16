"""Operand plots in the terminal, readable at 100 columns, and as JSON."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from rich.console import Console
from rich.table import Table
from rich.text import Text
from torch import Tensor

from microtome.grid.grids import FeatureGrid
from microtome.grid.patterns import Pattern, Recognised

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of a braille character's dots, two columns of four."""
_WIDEST, _TALLEST = 160, 120
"""Dots of a plot; larger grids are drawn coarser."""
_FEW_COLUMNS, _FEW_ROWS = 9, 40
"""Values of a grid that is printed as numbers."""
_SHADES = ("#26343f", "#1f4e79", "#2f74ad", "#5ea1d6", "#a7cdf0")


def show_grid(grid: FeatureGrid, found: Recognised, label: str, console: Console) -> None:
    """Print a feature's plot, where it was taken, and what patterns it has."""
    console.print(Text.assemble((grid.name, "bold"), "  ", label))
    top = float(grid.values.max())
    console.print(
        f"{grid.where}; largest activation {top:.2f}, above {found.threshold:.2f} on "
        f"{found.active:.1%} of {grid.values.numel():,} prompts",
        style="dim", highlight=False, markup=False,
    )  # fmt: skip
    if top > 0:
        few = len(grid.a.values) <= _FEW_ROWS and len(grid.b.values) <= _FEW_COLUMNS
        console.print(_numbers(grid, found.threshold) if few else _dots(grid, found.threshold))
    console.print(Text.assemble(("Pattern  ", "bold"), found.words))
    if found.patterns:
        console.print(_patterns(found.patterns))


def _numbers(grid: FeatureGrid, level: float) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="bold")
    table.add_column("", no_wrap=True, max_width=18, overflow="ellipsis")
    for value in grid.b.values:
        table.add_column(Text(value), justify="right", max_width=10, overflow="ellipsis")
    top = float(grid.values.max())
    for value, row in zip(grid.a.values, grid.values.tolist(), strict=True):
        cells = [Text(f"{v:.2f}" if v else "·", style=_style(v, top, level)) for v in row]
        table.add_row(Text(value, style="bold"), *cells)
    return table


def _style(value: float, top: float, level: float) -> str:
    return "bold" if value > level else "" if value > top / 10 else "dim"


def _dots(grid: FeatureGrid, level: float) -> Text:
    """A dot for every cell above the level, two by four of them a character; the colour is the
    largest activation under it."""
    values = coarser(grid.values, _TALLEST, _WIDEST)
    top = float(values.max())
    rows, columns = values.shape
    padded = torch.zeros(-(-rows // 4) * 4, -(-columns // 2) * 2)
    padded[:rows, :columns] = values
    margin = max(len(grid.a.values[0]), len(grid.a.values[-1]), 3)
    across = padded.shape[1] // 2
    text = Text(" " * (margin + 1) + _axis(grid.b.values, across) + f"  {grid.b.name} →\n")
    lines = padded.view(-1, 4, across, 2).permute(0, 2, 1, 3)
    for number, line in enumerate(lines):
        value = (
            grid.a.values[round(number * 4 * len(grid.a.values) / rows)] if number < rows else ""
        )
        every = max(len(lines) // 5, 1)
        shown = value if number % every == 0 else ""
        text.append(f"{shown[:margin]:>{margin}} ")
        for cell in line:
            bits = sum(_DOTS[i][j] for i in range(4) for j in range(2) if float(cell[i, j]) > level)
            shade = min(int(float(cell.max()) / top * len(_SHADES)), len(_SHADES) - 1)
            text.append(chr(0x2800 + bits), style=_SHADES[shade] if bits else "")
        text.append("\n")
    text.append(f"{grid.a.name:>{margin}} ↓")
    return text


def _axis(values: Sequence[str], width: int) -> str:
    """First, middle and last value above their columns, as far as there is room between them."""
    first, middle, last = values[0], values[len(values) // 2], values[-1]
    if len(first) + len(last) >= width:
        return f"{first} … {last}"
    end = width - len(last)
    line = f"{first:<{end}}{last}"
    at = width // 2
    if len(first) < at and at + len(middle) < end:
        line = f"{first:<{at}}{middle:<{end - at}}{last}"
    return line


def coarser(
    values: Float[Tensor, "a b"], rows: int, columns: int
) -> Float[Tensor, "fewer_a fewer_b"]:
    """The largest of neighbouring cells, so that a grid has at most so many rows and columns."""
    by_row, by_column = -(-values.shape[0] // rows), -(-values.shape[1] // columns)
    if by_row == by_column == 1:
        return values
    pooled = torch.nn.functional.max_pool2d(values[None, None], (by_row, by_column), ceil_mode=True)
    return pooled[0, 0]


def _patterns(patterns: Sequence[Pattern]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Kind")
    table.add_column("Rule", max_width=46, no_wrap=True, overflow="ellipsis")
    for name in ("Precision", "Recall", "F1", "Control"):
        table.add_column(name, justify="right")
    for p in patterns:
        figures = (p.precision, p.recall, p.f1, p.control)
        style = "" if p.above_control else "dim"
        table.add_row(p.kind, Text(p.words), *(f"{v:.2f}" for v in figures), style=style)
    return table


def grid_document(grid: FeatureGrid, found: Recognised, label: str) -> dict[str, Any]:
    """A plot and its patterns as JSON values."""
    return {
        "feature": grid.name,
        "label": label,
        "where": grid.where,
        "anchor": grid.place.anchor,
        "offset": grid.place.offset,
        "a": list(grid.a.values),
        "b": list(grid.b.values),
        "values": [[round(v, 5) for v in row] for row in grid.values.tolist()],
        "threshold": found.threshold,
        "active": found.active,
        "words": found.words,
        "pattern": None if found.pattern is None else pattern_document(found.pattern),
        "patterns": [pattern_document(p) for p in found.patterns],
    }


def pattern_document(p: Pattern) -> dict[str, Any]:
    return {
        "kind": p.kind,
        "rule": p.words,
        "precision": p.precision,
        "recall": p.recall,
        "f1": p.f1,
        "control": p.control,
        "above_control": p.above_control,
    }
