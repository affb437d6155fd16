"""Plots of the addition study, as PNG bytes, drawn without a display."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Patch

from microtome.canvas import clean, png
from microtome.study.addition.document import PATHS, AdditionStudy, Confusion, Kind, SwapRow
from microtome.study.figure import Share

_COLOURS: dict[str, str] = {
    "lookup": "#0b3c5d",
    "ones": "#3a7ca5",
    "magnitude": "#d9822b",
    "exact": "#6b8f71",
    "mixed": "#c9ccd1",
}
_CELLS = {
    "both_right": ("both right", "#dfe3e8"),
    "ones_only": ("ones right, tens wrong", "#3a7ca5"),
    "tens_only": ("tens right, ones wrong", "#d9822b"),
    "neither": ("both wrong", "#4a4f57"),
}


def plots(study: AdditionStudy) -> dict[str, bytes]:
    """PNG images by name."""
    drawn = {
        "written": _written(study),
        "swaps": _swaps(study),
        "ablation": _ablation(study),
        "circuits": _circuits(study),
    }
    if study.responses.examples:
        drawn["examples"] = _examples(study)
    return {name: png(canvas) for name, canvas in drawn.items()}


def colour_of(kind: Kind) -> str:
    """The group of kinds that are drawn in one colour."""
    if kind in ("lookup", "mixed"):
        return kind
    return {"ones": "ones", "size": "magnitude"}.get(kind.split()[0], "exact")


def _written(study: AdditionStudy) -> Canvas:
    """Share of each layer's strength by kind."""
    canvas = Canvas(figsize=(7.0, 2.8), layout="constrained")
    axes = canvas.subplots()
    for x, layer in enumerate(study.responses.layers):
        bottom = 0.0
        for group, colour in _COLOURS.items():
            height = sum(v for kind, v in layer.written.items() if colour_of(kind) == group)
            axes.bar(x, height, 0.7, bottom=bottom, color=colour)
            bottom += height
    axes.set_xticks(
        range(len(study.responses.layers)), [f"layer {r.layer}" for r in study.responses.layers]
    )
    axes.set_ylabel("share of strength")
    handles = [Patch(color=colour, label=group) for group, colour in _COLOURS.items()]
    canvas.legend(handles=handles, loc="outside right upper", fontsize=8, frameon=False)
    clean(axes)
    return canvas


def _examples(study: AdditionStudy) -> Canvas:
    found = study.responses.examples
    canvas = Canvas(figsize=(2.3 * len(found), 2.6), layout="constrained")
    for axes, example in zip(canvas.subplots(1, len(found), squeeze=False)[0], found, strict=True):
        axes.imshow(example.grid, origin="lower", cmap="magma", aspect="equal")
        row = example.row
        axes.set_title(f"L{row.layer}/{row.feature}: {row.kind}")
        axes.set_xlabel("second operand")
        axes.set_ylabel("first operand")
        clean(axes)
    return canvas


def _bars(axes: Axes, names: Sequence[str], shares: Sequence[Share], colour: str, at: float):
    for y, one in enumerate(shares):
        low, high = max(one.value - one.low, 0), max(one.high - one.value, 0)
        axes.barh(
            y + at,
            one.value,
            0.36,
            xerr=[[low], [high]],
            color=colour,
            error_kw={"elinewidth": 0.8, "ecolor": "#2e3440"},
        )
    axes.set_yticks(range(len(names)), names)


def _swaps(study: AdditionStudy) -> Canvas:
    canvas = Canvas(figsize=(8.0, 2.9), layout="constrained")
    grid = canvas.subplots(1, 2, squeeze=False, sharex=True)[0]
    colours = {"live": "#0b3c5d", "frozen": "#9db8cc"}
    for axes, path in zip(grid, PATHS, strict=True):
        rows = [row for row in study.swaps if row.swap == path]
        names = list(dict.fromkeys(row.patched for row in rows))
        for at, held in ((-0.19, "live"), (0.19, "frozen")):
            mine = {row.patched: row for row in rows if row.attention == held}
            _bars(axes, names, [_success(mine, name) for name in names], colours[held], at)
        axes.set_title(f"{path} swapped")
        axes.set_xlabel("share of answers that are the predicted one")
        axes.set_xlim(0, 1)
        axes.invert_yaxis()
        clean(axes)
    handles = [Patch(color=colour, label=f"attention {name}") for name, colour in colours.items()]
    canvas.legend(handles=handles, loc="outside upper center", ncols=2, fontsize=8, frameon=False)
    return canvas


def _success(rows: dict[str, SwapRow], name: str) -> Share:
    return rows[name].success


def _ablation(study: AdditionStudy) -> Canvas:
    canvas = Canvas(figsize=(8.0, 4.6), layout="constrained")
    grid = canvas.subplots(2, 2, sharex=True, sharey=True)
    panels = [(to, held) for to in ("mean", "zero") for held in ("live", "frozen")]
    for axes, (to, held) in zip(grid.flat, panels, strict=True):
        rows = [r for r in study.ablation if (r.to, r.attention) == (to, held)]
        for y, row in enumerate(rows):
            _stack(axes, y, row)
        axes.set_yticks(range(len(rows)), [f"{r.path}: {r.who}" for r in rows])
        axes.set_title(f"ablated to {to}, attention {held}")
        axes.set_xlim(0, 1)
        clean(axes)
    grid[0, 0].invert_yaxis()
    handles = [Patch(color=colour, label=name) for name, colour in _CELLS.values()]
    canvas.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return canvas


def _stack(axes: Axes, y: int, row: Confusion) -> None:
    left = 0.0
    for cell, (_, colour) in _CELLS.items():
        width = getattr(row, cell).value
        axes.barh(y, width, 0.72, left=left, color=colour)
        left += width


def _circuits(study: AdditionStudy) -> Canvas:
    rows = study.circuits
    canvas = Canvas(figsize=(8.0, 0.42 * len(rows) + 1.0), layout="constrained")
    axes = canvas.subplots()
    series = {"same sum": "#0b3c5d", "another sum": "#9db8cc", "random": "#c9ccd1"}
    for number, (row_of, colour) in enumerate(
        zip(("same", "other", "chance"), series.values(), strict=True)
    ):
        for y, row in enumerate(rows):
            axes.barh(y + 0.27 * (number - 1), getattr(row, row_of).value, 0.25, color=colour)
    axes.set_yticks(range(len(rows)), [f"{row.first} / {row.second}" for row in rows])
    axes.set_xlabel("Jaccard overlap of circuits at the answer")
    axes.invert_yaxis()
    handles = [Patch(color=colour, label=name) for name, colour in series.items()]
    canvas.legend(handles=handles, loc="outside upper center", ncols=3, fontsize=8, frameon=False)
    clean(axes)
    return canvas
