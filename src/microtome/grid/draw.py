"""Operand plots as one PNG, drawn without a display."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from microtome.canvas import png
from microtome.grid.grids import FeatureGrid
from microtome.grid.patterns import Recognised
from microtome.grid.slots import Slot

_PANEL = (3.6, 3.6)
_PER_ROW = 3
_LABELLED = 12
"""Values of a slot that are all written at its axis."""


def draw_grids(
    grids: Sequence[FeatureGrid], found: Sequence[Recognised], labels: Sequence[str]
) -> bytes:
    """PNG of some features' plots, each with its pattern and label above it."""
    columns = min(len(grids), _PER_ROW)
    rows = -(-len(grids) // columns)
    canvas = Figure(figsize=(_PANEL[0] * columns, _PANEL[1] * rows), layout="constrained")
    axes = canvas.subplots(rows, columns, squeeze=False).ravel()
    for one, grid, recognised, label in zip(axes, grids, found, labels, strict=False):
        _panel(one, grid, recognised, label)
    for one in axes[len(grids) :]:
        one.set_visible(False)
    return png(canvas)


def _panel(axes: Axes, grid: FeatureGrid, found: Recognised, label: str) -> None:
    top = max(float(grid.values.max()), 1e-12)
    axes.imshow(
        grid.values.numpy(), cmap="Blues", vmin=0, vmax=top, aspect="auto", interpolation="nearest"
    )
    words = [grid.name, *([label] if label else []), f"{found.words}, {grid.where}"]
    axes.set_title("\n".join(_plain(w) for w in words), fontsize=8)
    for axis, slot in ((axes.yaxis, grid.a), (axes.xaxis, grid.b)):
        places = _ticks(slot)
        axis.set_ticks(places, [_plain(slot.values[i]) for i in places])
        axis.set_tick_params(labelsize=7)
        axis.set_label_text(slot.name, fontsize=8)


def _ticks(slot: Slot) -> list[int]:
    n = len(slot.values)
    return list(range(0, n, max(-(-n // _LABELLED), 1)))


def _plain(text: str) -> str:
    """Text that matplotlib does not read as mathematics, and has glyphs for."""
    shown = "".join(c if ord(c) < 0x2E80 and c.isprintable() else "?" for c in text)
    return shown.replace("$", r"\$")
