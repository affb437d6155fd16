"""An evaluation in the terminal, 100 columns wide."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from microtome.evaluation.bootstrap import Figure
from microtome.evaluation.per_feature import STAND_INS, FeatureLoss
from microtome.evaluation.result import Evaluation, Figures

_FEATURES, _OUTLIERS = 6, 6
_FEATURE_TITLE = (
    "Loss that each stand-in adds on a feature's tokens, nats; on-off: less that on all others"
)


def show(evaluations: Sequence[Evaluation], console: Console) -> None:
    """Print evaluations, one after another; several get a summary first."""
    if len(evaluations) > 1:
        _print(console, summary_table(evaluations), "Dictionaries (means over sites)")
    for evaluation in evaluations:
        _show_one(evaluation, console)


def _show_one(e: Evaluation, console: Console) -> None:
    console.print(f"\n[bold]{escape(e.dictionary)}[/] ({e.kind}) on {escape(e.model)}")
    console.print(
        f"{e.tokens:,} held-out tokens of {e.documents:,} documents; {left_out(e)}; ± is the 95% "
        f"interval, by bootstrap over documents",
        style="dim",
        highlight=False,
    )
    _print(console, site_table(e), "Sites")
    if e.baselines:
        _print(console, baseline_table(e), "Baselines (means over sites)")
    if e.replacement:
        _print(console, replacement_table(e), "Whole replacement model (all MLPs replaced)")
    if e.per_feature:
        _print(console, feature_table(e), _FEATURE_TITLE)
    _print(console, outlier_table(e), "Tokens reconstructed worst (error in mean variances)")
    if e.probes:
        _print(console, probe_table(e), "Sparse probes (balanced test accuracy; 0.5 is chance)")
    for s in e.stability:
        shares = ", ".join(f"{share:.2f}" for share in s.twins)
        console.print(
            f"Twins in {escape(s.other)} (decoder cosine > {s.threshold}): {shares}",
            highlight=False,
        )
    for note in e.notes:
        console.print(f"Note: {escape(note)}", style="yellow", highlight=False)
    good = bool(e.baselines) and all(b.beaten for b in e.baselines)
    console.print(f"\n[bold {'green' if good else 'yellow'}]{escape(e.verdict)}[/]\n")


def left_out(e: Evaluation) -> str:
    """In words, which tokens count for nothing."""
    names = {"skip_first": "position 0", "skip_special": "special tokens"}
    skipped = [names[name] for name, skipped in e.policy.items() if skipped]
    return f"{' and '.join(skipped)} left out" if skipped else "every token counts"


def number(figure: Figure | None, digits: int = 3) -> str:
    """A figure and half the width of its interval; a dash where it is undefined."""
    if figure is None:
        return "-"
    if abs(figure.value) >= 10:
        digits = 1 if abs(figure.value) < 100 else 0  # what is so far off needs no more
    if figure.low is None or figure.high is None:
        return f"{figure.value:.{digits}f}"
    half = max(figure.high - figure.value, figure.value - figure.low)
    shown = f"{half:.{digits}f}".removeprefix("0")
    return f"{figure.value:.{digits}f} ±{shown}"


def plain(figure: Figure | None, digits: int = 3) -> str:
    return "-" if figure is None else f"{figure.value:.{digits}f}"


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for i, column in enumerate(columns):
        last_text = column in ("verdict", "text", "features")
        left = i == 0 or last_text
        table.add_column(
            column, justify="left" if left else "right", no_wrap=not last_text, overflow="ellipsis"
        )
    return table


def _print(console: Console, table: Table, title: str) -> None:
    console.print(f"\n[bold]{title}[/]")
    console.print(table, highlight=False)


def summary_table(evaluations: Sequence[Evaluation]) -> Table:
    table = _table("dictionary", "L0", "FVU", "CE recovered", "top-1", "dead", "beats")
    for e in evaluations:
        beaten = sum(b.beaten for b in e.baselines)
        table.add_row(
            escape(e.dictionary[-30:]),
            plain(e.means.get("l0"), 1),
            number(e.means.get("fvu")),
            number(e.means.get("ce_recovered")),
            number(e.means.get("top1")),
            f"{sum(d.dead for d in e.densities)}",
            f"{beaten} of {len(e.baselines)}" if e.baselines else "-",
        )
    return table


def site_table(e: Evaluation) -> Table:
    table = _table(
        "written site", "L0", "FVU", "CE recovered", "KL recovered", "top-1", "dead", "dense"
    )
    for i, site in enumerate(e.sites):
        density = e.densities[i] if len(e.densities) == len(e.sites) else None
        dead = f"{density.dead}/{density.features}" if density else "-"
        table.add_row(site.site, *_row(site.figures), dead, str(density.dense) if density else "-")
    if len(e.sites) > 1:
        dead, features = (sum(getattr(d, n) for d in e.densities) for n in ("dead", "features"))
        dense = sum(d.dense for d in e.densities)
        table.add_row("mean", *_row(e.means), f"{dead}/{features}", str(dense), style="bold")
    return table


def _row(figures: Figures) -> list[str]:
    names = ("fvu", "ce_recovered", "kl_recovered", "top1")
    return [plain(figures.get("l0"), 1), *(number(figures.get(name)) for name in names)]


def baseline_table(e: Evaluation) -> Table:
    table = _table("", "L0", "FVU", "CE recovered", "top-1", "verdict")
    rows = [("this dictionary", e.means, "")]
    for baseline in e.baselines:
        better = sum(v.verdict == "better" for v in baseline.versus)
        n = len(baseline.versus)
        verdict = "clearly beaten" if better == n else f"beaten at {better} of {n} sites"
        rows.append((baseline.name, baseline.means, verdict))
    for name, figures, verdict in rows:
        table.add_row(
            name,
            plain(figures.get("l0"), 1),
            *(number(figures.get(key)) for key in ("fvu", "ce_recovered", "top1")),
            verdict,
        )
    return table


def replacement_table(e: Evaluation) -> Table:
    table = _table("attention", "top-1 agreement", "KL, nats", "CE, nats", "CE of the model")
    for name, figures in e.replacement.items():
        table.add_row(
            name,
            *(number(figures.get(key)) for key in ("top1", "kl", "ce", "ce_clean")),
        )
    return table


def most_needed(e: Evaluation, n: int = _FEATURES) -> list[tuple[str, FeatureLoss]]:
    """Features of all encoders on whose tokens ablating their layer costs most."""
    pairs = [(one.site, feature) for one in e.per_feature for feature in one.features]
    return sorted(pairs, key=lambda pair: -pair[1].prediction["ablated"].on.value)[:n]


def feature_table(e: Evaluation) -> Table:
    """Added next-token loss on the features' tokens, and its change against all other tokens."""
    known = [s for s in STAND_INS if any(s in f.prediction for _, f in most_needed(e))]
    table = _table(
        "spliced site",
        "feature",
        "tokens",
        *known,
        *("on-off" for _ in known),
    )
    for site, feature in most_needed(e):
        table.add_row(
            site,
            f"{feature.encoder}/{feature.feature}",
            str(feature.tokens),
            *(number(feature.prediction[name].on, 2) for name in known),
            *(_signed(feature.prediction[name].change) for name in known),
        )
    return table


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"


def outlier_table(e: Evaluation) -> Table:
    table = _table("written site", "error", "L0", "position", "text")
    found = [(one.site, o) for one in e.per_token for o in one.outliers]
    for site, o in sorted(found, key=lambda pair: -pair[1].error)[:_OUTLIERS]:
        text = f"{escape(o.before[-28:])}[bold reverse]{escape(o.token)}[/]{escape(o.after)}"
        table.add_row(site, f"{o.error:.1f}", str(o.l0), str(o.position), text.replace("\n", "⏎"))
    return table


def probe_table(e: Evaluation) -> Table:
    table = _table("task", "read site", "k=1", "k=2", "k=5", "5 dims", "all dims")
    for p in e.probes:
        table.add_row(
            p.task[:34],
            p.site,
            *(plain(p.features.get(k), 2) for k in (1, 2, 5)),
            plain(p.dimensions.get(5), 2),
            plain(p.activation, 2),
        )
    return table
