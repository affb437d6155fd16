"""A scoreboard in the terminal, 100 columns wide."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from microtome.specimen.score.result import Row, Scoreboard, ScoreTable
from microtome.specimen.score.words import COLUMNS, DIGITS, HEADLINE, ROLES, TITLES, number, over

_SEVERAL = 2


def show_scoreboard(board: Scoreboard, console: Console) -> None:
    """Print a scoreboard: a table for each truth and task; several circuits as their mean, and
    one line of each."""
    together = {t.task for t in board.tables if t.truth == "compiled"}
    circuits = board.config.get("truths", [])
    for table in board.tables:
        apart = table.truth == "compiled" or table.task not in together
        if apart or table.truth not in board.circuits:
            _print(console, _one(table), f"{table.truth}: {TITLES[table.task]}")
        if table.truth == "compiled" and len(circuits) >= _SEVERAL:
            parts = [t for t in board.tables if t.task == table.task and t is not table]
            parts = [t for t in parts if t.truth in board.circuits]
            _print(console, _by_circuit(parts), f"{TITLES[table.task]}, by circuit")
    console.print(f"\n{over(board)}\nchance: see the guide on the scoreboard", style="dim")
    for note in board.notes:
        console.print(f"Note: {escape(note)}", style="yellow", highlight=False)


def _print(console: Console, table: Table, title: str) -> None:
    console.print(f"\n[bold]{escape(title)}[/]", highlight=False)
    console.print(table, highlight=False)


def _one(table: ScoreTable) -> Table:
    """Methods by measures."""
    keys = [key for key in COLUMNS if any(key in row.figures for row in table.rows)]
    out = _empty("method", "", *(COLUMNS[key] for key in keys))
    for row in table.rows:
        cells = (number(row.figures.get(key), digits=DIGITS.get(key, 3)) for key in keys)
        out.add_row(escape(row.method[-22:]), ROLES[row.role], *cells, style=_style(row))
    if table.chance:
        cells = (number(table.chance.get(key), "") for key in keys)
        out.add_row("chance", "", *cells, style="dim")
    return out


def _by_circuit(tables: Sequence[ScoreTable]) -> Table:
    """Methods by circuits, the task's first measure."""
    key = HEADLINE[tables[0].task]
    out = _empty(COLUMNS[key], *(table.truth for table in tables))
    methods = dict.fromkeys(row.method for table in tables for row in table.rows)
    for method in methods:
        cells = []
        for table in tables:
            found = [row for row in table.rows if row.method == method]
            cells.append(number(found[0].figures.get(key) if found else None, digits=2))
        out.add_row(escape(method), *cells)
    return out


def _empty(*columns: str) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for i, column in enumerate(columns):
        left = i == 0 or not column
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    return table


def _style(row: Row) -> str:
    return "" if row.role in ("dictionary", "method") else "dim"
