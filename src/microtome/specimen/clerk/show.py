"""The clerk's report as tables of 100 columns: plain text, answers, quirks."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from microtome.specimen.clerk.behaviours import (
    ELSEWHERE,
    GROUPS,
    NEW_WORD,
    PLAIN_TEXT,
    QUIRK,
    behaviour,
)
from microtome.specimen.clerk.report import Row, StageReport, items_of
from microtome.specimen.clerk.world.quirks import HAMMER, QUIRKS

_MISSED = ("not learned", "not as expected")
_WIDTH = 100
_AT_ONCE = 5
"""Stages beside each other."""
_LEGEND = (
    "Greedy continuations, in percent of the items; ✗ falls short of what is expected of the "
    "stage. Behaviours and quirks without a goal are only measured."
)


def print_reports(reports: Sequence[StageReport], console: Console | None = None) -> None:
    """Tables of behaviours and of quirks by stages, a few stages beside each other."""
    console = console or Console(width=_WIDTH)
    for start in range(0, len(reports), _AT_ONCE):
        console.print(_plain_text(reports[start : start + _AT_ONCE]))
        console.print()
    assistants = [report for report in reports if _asked(report)]
    for start in range(0, len(assistants), _AT_ONCE):
        console.print(_answers(assistants[start : start + _AT_ONCE]))
        console.print()
        console.print(_quirks(assistants[start : start + _AT_ONCE]))
        console.print()
    console.print(_LEGEND, style="dim")


def _asked(report: StageReport) -> bool:
    return any(row.behaviour.startswith(QUIRK) for row in report.rows)


def _plain_text(reports: Sequence[StageReport]) -> Table:
    table = _table("plain text", ("items", "expected"), reports)
    _add_behaviours(table, PLAIN_TEXT, reports)
    table.add_row("perplexity", "", "", *(f"{r.perplexity.model:.3f} " for r in reports))
    table.add_row("of the generator", "", "", *(f"{r.perplexity.generator:.3f} " for r in reports))
    return table


def _answers(reports: Sequence[StageReport]) -> Table:
    table = _table("answers", ("items", "expected"), reports)
    for heading, names in GROUPS.items():
        if any(report.row(name) for report in reports for name in names):
            table.add_section()
            table.add_row(heading, style="bold")
            _add_behaviours(table, names, reports)
    return table


def _quirks(reports: Sequence[StageReport]) -> Table:
    table = _table("quirks", ("items",), reports)
    for name, quirk in (*QUIRKS.items(), ("hammer", HAMMER)):
        for kind, where in ((QUIRK, quirk.about), (ELSEWHERE, "elsewhere")):
            rows = [report.row(kind + name) for report in reports]
            if any(rows):
                cells = (f"{row.expected} {_cell(row)}" if row else "" for row in rows)
                table.add_row(f"{name}, {where}", str(items_of(rows)), *cells)
    return table


def _table(title: str, beside: Sequence[str], reports: Sequence[StageReport]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column(f"\n{title}", no_wrap=True)
    for column in beside:
        table.add_column(f"\n{column}", justify="right")
    for report in reports:
        first, dash, second = report.stage.partition("-")
        table.add_column(f"{first}{dash}\n{second} " if dash else f"\n{first} ", justify="right")
    return table


def _add_behaviours(table: Table, names: Sequence[str], reports: Sequence[StageReport]) -> None:
    for name in names:
        rows = [report.row(name) for report in reports]
        if any(rows):
            goal = behaviour(name).goal
            expected = "measured" if goal is None else f"≥ {goal:.0%}"
            cells = (_cell(row) if row else "" for row in rows)
            table.add_row(f"  {name.removesuffix(NEW_WORD)}", str(items_of(rows)), expected, *cells)


def _cell(row: Row) -> str:
    return f"{100 * row.rate.share:.0f}{'✗' if row.verdict in _MISSED else ' '}"
