"""The clerk's report as tables of 100 columns."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from microtome.specimen.clerk.report import Row, StageReport, behaviours_of

_MARKS = {
    "learned": "",
    "as expected": "",
    "not learned": " ✗",
    "not as expected": " ✗",
    "measured": " ·",
}
_WIDTH = 100
_AT_ONCE = 4
"""Stages beside each other."""


def print_reports(reports: Sequence[StageReport], console: Console | None = None) -> None:
    """A table of behaviours by stages, a few stages at a time."""
    console = console or Console(width=_WIDTH)
    for start in range(0, len(reports), _AT_ONCE):
        console.print(_table(reports[start : start + _AT_ONCE]))
    console.print(
        "Greedy answers to items that no stage was trained on, in percent. ✗ falls short of what "
        "is expected of the stage; · has no goal.",
        style="dim",
    )


def _table(reports: Sequence[StageReport]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("behaviour", no_wrap=True)
    table.add_column("items", justify="right")
    for report in reports:
        table.add_column(report.stage, justify="right")
    for name in behaviours_of(reports):
        rows = [_find(report, name) for report in reports]
        items = next(row.rate.items for row in rows if row)
        table.add_row(name, str(items), *(_cell(row) for row in rows))
    best = reports[0].perplexity
    table.add_section()
    table.add_row(
        f"perplexity (generator {best.generator:.3f})",
        "",
        *(f"{report.perplexity.model:.3f}" for report in reports),
    )
    return table


def _find(report: StageReport, name: str) -> Row | None:
    return next((row for row in report.rows if row.behaviour == name), None)


def _cell(row: Row | None) -> str:
    if row is None:
        return ""
    return f"{100 * row.rate.share:.0f}{_MARKS[row.verdict] or '  '}"
