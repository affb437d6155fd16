"""Plots of an evaluation, as PNG bytes, drawn without a display."""

from collections.abc import Callable

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Patch

from microtome.canvas import clean, png
from microtome.evaluation.bootstrap import Figure
from microtome.evaluation.density import Density
from microtome.evaluation.per_token import PerToken
from microtome.evaluation.result import Evaluation

INK, GREY = "#1f4e79", "#8a8f98"
COLOURS = {
    "this dictionary": INK,
    "random init": "#b9bec6",
    "random decoder": "#8a8f98",
    "PCA": "#d08770",
    "random model": "#5e6672",
}
_PANEL = (3.4, 2.6)
_PER_ROW = 3


def plots(e: Evaluation) -> dict[str, bytes]:
    """PNG images by name, in reading order."""
    drawn = {
        "fvu": _bars(e, "fvu", "fraction of variance unexplained"),
        "density": _panels(e.densities, _density),
        "error_by_l0": _panels(e.per_token, _scatter),
        "error_by_position": _panels(e.per_token, _positions),
    }
    if any("ce_recovered" in site.figures for site in e.sites):
        drawn["ce_recovered"] = _bars(e, "ce_recovered", "CE recovered (zero-ablation = 0)")
    if any(one.features for one in e.per_feature):
        drawn["per_feature"] = _per_feature(e)
    return {name: png(canvas) for name, canvas in drawn.items()}


def _bars(e: Evaluation, name: str, label: str) -> Canvas:
    """A figure by site, the dictionary beside its baselines."""
    series = [("this dictionary", e.sites), *((b.name, b.sites) for b in e.baselines)]
    series = [(n, sites) for n, sites in series if any(name in s.figures for s in sites)]
    canvas = Canvas(figsize=(max(1.2 + 0.9 * len(e.sites), 7.2), 3.0), layout="constrained")
    axes = canvas.subplots()
    width = 0.8 / len(series)
    for i, (who, sites) in enumerate(series):
        for j, site in enumerate(sites):
            if name in site.figures:
                x = j - 0.4 + width * (i + 0.5)
                _bar(axes, x, width, site.figures[name], COLOURS[who])
    axes.set_xticks(range(len(e.sites)), [_short(s.site) for s in e.sites], rotation=20)
    axes.set_ylabel(label)
    axes.axhline(1 if name == "fvu" else 0, color=GREY, linewidth=0.8, linestyle=":")
    shown = [s.figures[name].value for _, sites in series for s in sites if name in s.figures]
    # a random baseline can be far off; what matters lies between 0 and 1
    axes.set_ylim(max(min(0.0, *shown, 0.0), -0.5), min(max(1.05, *shown, 1.05), 1.6))
    handles = [Patch(color=COLOURS[who], label=who) for who, _ in series]
    canvas.legend(
        handles=handles, loc="outside upper center", ncols=len(series), fontsize=8, frameon=False
    )
    clean(axes)
    return canvas


def _bar(axes: Axes, x: float, width: float, figure: Figure, colour: str) -> None:
    errors = None
    if figure.low is not None and figure.high is not None:
        errors = [
            [max(figure.value - figure.low, 0)],
            [max(figure.high - figure.value, 0)],
        ]
    axes.bar(
        x,
        figure.value,
        width * 0.9,
        yerr=errors,
        color=colour,
        error_kw={"elinewidth": 0.8, "ecolor": "#2e3440"},
    )


def _short(site: str) -> str:
    return site.removeprefix("blocks.")


def _panels(items, draw: Callable) -> Canvas:
    """One small plot per site or encoder, on equal axes."""
    columns = min(len(items), _PER_ROW)
    rows = -(-len(items) // columns)
    canvas = Canvas(figsize=(_PANEL[0] * columns, _PANEL[1] * rows), layout="constrained")
    grid = canvas.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for i, axes in enumerate(grid.flat):
        if i >= len(items):
            axes.set_visible(False)
            continue
        draw(axes, items[i])
        axes.set_title(_short(items[i].site))
        axes.tick_params(labelbottom=True)
        clean(axes)
    return canvas


def _density(axes: Axes, density: Density) -> None:
    centres = [(a + b) / 2 for a, b in zip(density.edges, density.edges[1:], strict=False)]
    width = density.edges[1] - density.edges[0]
    axes.bar(centres, density.histogram, width, color=INK)
    axes.axvline(-1, color=GREY, linewidth=0.8, linestyle=":")
    axes.set_xlabel("log10 density")
    axes.set_ylabel("features")
    share = density.dead / density.features
    axes.annotate(
        f"{share:.0%} dead, {density.dense} dense",
        (0.03, 0.92),
        xycoords="axes fraction",
        fontsize=8,
        color="#4a4f57",
    )


def _scatter(axes: Axes, one: PerToken) -> None:
    if one.scatter:
        l0, error = zip(*one.scatter, strict=True)
        axes.scatter(l0, error, s=4, alpha=0.35, color=INK, linewidths=0)
    worst = one.outliers[:3]
    axes.scatter([o.l0 for o in worst], [o.error for o in worst], s=14, color="#bf616a")
    for o in worst:
        axes.annotate(
            _literal(o.token.strip() or repr(o.token)),
            (o.l0, o.error),
            xytext=(4, 2),
            textcoords="offset points",
            fontsize=7,
            color="#bf616a",
        )
    axes.set_yscale("log")
    axes.set_xlabel("active features (L0)")
    axes.set_ylabel("error / mean variance")


def _literal(text: str) -> str:
    """Text that matplotlib must not read as mathematics, nor draw without a glyph."""
    shown = text.replace("$", r"\$")
    return shown if shown.isascii() else shown.encode("ascii", "replace").decode()


def _positions(axes: Axes, one: PerToken) -> None:
    at = [int(group.name) for group in one.by_position]
    axes.plot(at, [group.error for group in one.by_position], color=INK, linewidth=1)
    axes.set_xlabel("position")
    axes.set_ylabel("error / mean variance")


def _per_feature(e: Evaluation) -> Canvas:
    """Loss that the stand-ins add on each feature's tokens, against ablation."""
    features = [feature for one in e.per_feature for feature in one.features]
    canvas = Canvas(figsize=(5.0, 3.4), layout="constrained")
    axes = canvas.subplots()
    ablated = [f.prediction["ablated"].on.value for f in features]
    for name, colour in (("linear", "#d08770"), ("dictionary", INK)):
        if all(name in f.prediction for f in features):
            added = [f.prediction[name].on.value for f in features]
            axes.scatter(ablated, added, s=6, alpha=0.5, color=colour, label=name, linewidths=0)
    low, high = min(ablated), max(ablated)
    axes.plot([low, high], [low, high], color=GREY, linewidth=0.8, linestyle=":", label="ablated")
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.set_xlabel("added loss when the site is ablated, nats, on a feature's tokens")
    axes.set_ylabel("added loss with the stand-in")
    axes.legend(fontsize=8, frameon=False)
    clean(axes)
    return canvas
