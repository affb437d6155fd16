"""Dot plots: a row a name, with its value, its interval and what it is the mean of.

Places along a plot are in percent, so that a plot takes the width it is given and nothing in it is
stretched.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from microtome.page.pieces import Html

Mark = Literal["subject", "other", "random", "control", "ceiling"]
"""What a row is: one of those that the plot is about, something else to hold them against, one that
knows nothing, one that must fail, one that was told the answer."""

_SHAPES: dict[Mark, str] = {
    "subject": '<circle r="5"/>',
    "other": '<rect x="-4.5" y="-4.5" width="9" height="9" rx="1"/>',
    "random": '<circle r="4.5"/>',
    "control": '<path d="M0-6 6 0 0 6-6 0Z"/>',
    "ceiling": '<path d="M0-6 6 5-6 5Z"/>',
}
_OUTSIDE = {-1: '<path d="M-6 0 3-6 3 6Z"/>', 1: '<path d="M6 0-3-6-3 6Z"/>'}
_ROW = 24
_TICKS = 20
"""Height of a row, and of the numbers of the axis, in pixels."""

DOTS_STYLE = """
.dots { display:grid; grid-template-columns:minmax(0,max-content) minmax(90px,1fr) max-content;
  column-gap:14px; font-size:13px; line-height:24px; font-variant-numeric:tabular-nums }
.dots div div { white-space:nowrap; overflow:hidden; text-overflow:ellipsis }
.dots .values { text-align:right } .dots .soft { color:var(--soft) }
.dots svg { display:block; width:100%; overflow:visible }
.dots .hit { fill:var(--sunken); opacity:0 } .dots g:hover>.hit { opacity:1 }
.dots .grid { stroke:var(--line) } .dots .tick { fill:var(--soft); font-size:11px }
.chance { stroke:var(--soft); stroke-width:1.5; stroke-dasharray:4 4 }
.mark { overflow:visible } .interval { stroke-width:2 } .seed { opacity:.4 }
.subject { fill:var(--accent); stroke:var(--accent) } .other { fill:var(--soft);
  stroke:var(--soft) } .random { fill:var(--card); stroke:var(--soft) }
.control { fill:var(--card); stroke:var(--warn) } .ceiling { fill:var(--good); stroke:var(--good) }
.mark.random,.mark.control { stroke-width:1.75 } .mark.subject,.mark.other,.mark.ceiling {
  stroke:none } .seed.random { fill:var(--soft); stroke:none }
.seed.control { fill:var(--warn); stroke:none }
.sign { display:inline-block; vertical-align:-2px }
@media (min-width:2000px) { .dots { font-size:14px } .dots .tick { font-size:12px } }
"""


@dataclass(frozen=True)
class Axis:
    """From where to where a plot goes, and its numbers."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def percent(self, value: float) -> float:
        """Where a value is along the plot; what is outside is at its end."""
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(max(share, 0.0), 1.0), 3)

    def outside(self, value: float) -> int:
        """-1 for what is too small for the plot, 1 for what is too large, or else 0."""
        return int(value > self.high) - int(value < self.low)


@dataclass(frozen=True)
class Dot:
    """One row of a plot."""

    label: str
    mark: Mark = "subject"
    value: float | None = None
    """None: there is none, and the row is empty."""
    shown: str = ""
    """The value as text."""
    interval: tuple[float, float] | None = None
    parts: tuple[float, ...] = ()
    """What the value is the mean of."""
    said: str = ""
    """Where the pointer is on the row."""


def axis_of(values: Iterable[float], ticks: int = 4) -> Axis:
    """An axis with round numbers that holds some values."""
    found = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(found), max(found)
    if low == high:
        low, high = min(low, 0.0), max(high, 0.0) or float(low == 0)
    step = _round_step((high - low) / ticks)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    places = tuple(round(i * step, 10) for i in range(first, last + 1))
    return Axis(places[0], places[-1], places)


def _round_step(least: float) -> float:
    """The next of 1, 2, 2.5 and 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= least * (1 - 1e-9))


def dot_plot(dots: Sequence[Dot], axis: Axis, lines: Sequence[tuple[float, str]] = ()) -> Html:
    """Rows below each other: name, plot, number.

    Args:
        dots: the rows.
        axis: common to all.
        lines: dashed ones from top to bottom, with what they are.
    """
    height = _ROW * len(dots)
    parts = [_grid(axis, height), *(_row(dot, i, axis) for i, dot in enumerate(dots))]
    parts += [_line(axis.percent(value), height, said) for value, said in lines]
    labels = "".join(f'<div title="{escape(d.label)}">{escape(d.label)}</div>' for d in dots)
    values = "".join(f"<div>{escape(d.shown) or '–'}</div>" for d in dots)
    said = escape("; ".join(f"{d.label}: {d.shown}" for d in dots if d.shown))
    return Html(
        f'<div class="dots"><div>{labels}</div>'
        f'<svg height="{height + _TICKS}" role="img" aria-label="{said}">{"".join(parts)}</svg>'
        f'<div class="values">{values}</div></div>'
    )


def sign(of: Mark | Literal["interval", "part", "line"]) -> Html:
    """A mark, an interval, a part of a mean or a dashed line for a legend."""
    shapes = {
        "interval": '<line class="interval subject" x1="0" x2="16" y1="8" y2="8"/>',
        "part": '<circle class="seed subject" cx="8" cy="8" r="2.5"/>',
        "line": '<line class="chance" x1="8" x2="8" y1="0" y2="16"/>',
    }
    shapes |= {
        mark: f'<svg class="mark {mark}" x="8" y="8">{shape}</svg>'
        for mark, shape in _SHAPES.items()
    }
    return Html(f'<svg class="sign" width="16" height="16" aria-hidden="true">{shapes[of]}</svg>')


def _grid(axis: Axis, height: int) -> str:
    parts = []
    for tick in axis.ticks:
        x = axis.percent(tick)
        text = f"{tick:g}".replace("-", "\N{MINUS SIGN}")
        parts.append(
            f'<line class="grid" x1="{x}%" x2="{x}%" y1="0" y2="{height + 4}"/>'
            f'<text class="tick" x="{x}%" y="{height + 16}" text-anchor="middle">{text}</text>'
        )
    return "".join(parts)


def _line(x: float, height: int, said: str) -> str:
    return (
        f'<line class="chance" x1="{x}%" x2="{x}%" y1="0" y2="{height}">'
        f"<title>{escape(said)}</title></line>"
    )


def _row(dot: Dot, index: int, axis: Axis) -> str:
    top, middle = index * _ROW, index * _ROW + (10 if dot.parts else 12)
    parts = [f'<rect class="hit" x="0" y="{top}" width="100%" height="{_ROW}"/>']
    if dot.said:
        parts.insert(0, f"<title>{escape(dot.said)}</title>")
    if dot.interval is not None:
        low, high = map(axis.percent, dot.interval)
        parts.append(
            f'<line class="interval {dot.mark}" x1="{low}%" x2="{high}%" y1="{middle}" '
            f'y2="{middle}"/>'
        )
    parts += [
        f'<circle class="seed {dot.mark}" cx="{axis.percent(part)}%" cy="{top + 18}" r="2.2"/>'
        for part in dot.parts
    ]
    if dot.value is not None:
        shape = _OUTSIDE.get(axis.outside(dot.value), _SHAPES[dot.mark])
        x = axis.percent(dot.value)
        parts.append(f'<svg class="mark {dot.mark}" x="{x}%" y="{middle}">{shape}</svg>')
    return f"<g>{''.join(parts)}</g>"
