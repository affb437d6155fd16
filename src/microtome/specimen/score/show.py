"""A scoreboard in the terminal, 100 columns wide."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from microtome.specimen.score.result import Row, Score, Scoreboard, ScoreTable

_TITLES = {
    "directions": "directions found in synthetic activations",
    "concepts": "known concepts told by single features",
    "interventions": "values swapped through features",
    "edges": "edges of attribution graphs against the circuit",
}
_COLUMNS = {
    "mcc": "MCC",
    "unique": "unique",
    "coverage": "coverage",
    "l0": "L0",
    "fvu": "FVU",
    "predicted": "predicted",
    "kept": "kept",
    "effect_r2": "effect R²",
    "auroc": "AUROC",
    "auroc_shown": "of shown",
    "matched": "matched",
    "variables": "variables",
}
_ROLES = {
    "dictionary": "",
    "method": "",
    "random": "random",
    "shuffled": "control",
    "ceiling": "ceiling",
}
_DIGITS = {"l0": 1}
_SEVERAL = 2


def show_scoreboard(board: Scoreboard, console: Console) -> None:
    """Print a scoreboard: a table for each truth and task; several circuits as their mean, and
    one line of each."""
    together = {t.task for t in board.tables if t.truth == "compiled"}
    circuits = board.config.get("truths", [])
    for table in board.tables:
        apart = table.truth == "compiled" or table.task not in together
        if apart or table.truth not in _circuits(board):
            _print(console, _one(table), f"{table.truth}: {_TITLES[table.task]}")
        if table.truth == "compiled" and len(circuits) >= _SEVERAL:
            parts = [t for t in board.tables if t.task == table.task and t is not table]
            parts = [t for t in parts if t.truth in _circuits(board)]
            _print(console, _by_circuit(parts), f"{_TITLES[table.task]}, by circuit")
    n = len(board.seeds)
    over = f"mean over {n} seeds ± half of its 95% interval" if n > 1 else "one seed: no interval"
    console.print(f"\n{over}; chance: see the guide on the scoreboard", style="dim")
    for note in board.notes:
        console.print(f"Note: {escape(note)}", style="yellow", highlight=False)


def _circuits(board: Scoreboard) -> set[str]:
    from microtome.specimen.compiled import PROGRAMS

    return {t.truth for t in board.tables} & set(PROGRAMS)


def _print(console: Console, table: Table, title: str) -> None:
    console.print(f"\n[bold]{escape(title)}[/]", highlight=False)
    console.print(table, highlight=False)


def _one(table: ScoreTable) -> Table:
    """Methods by measures."""
    keys = [key for key in _COLUMNS if any(key in row.figures for row in table.rows)]
    out = _empty("method", "", *(_COLUMNS[key] for key in keys))
    for row in table.rows:
        cells = (number(row.figures.get(key), digits=_DIGITS.get(key, 3)) for key in keys)
        out.add_row(escape(row.method[-22:]), _ROLES[row.role], *cells, style=_style(row))
    if table.chance:
        cells = (number(table.chance.get(key), "") for key in keys)
        out.add_row("chance", "", *cells, style="dim")
    return out


_HEADLINE = {"concepts": "coverage", "interventions": "predicted", "edges": "auroc"}


def _by_circuit(tables: Sequence[ScoreTable]) -> Table:
    """Methods by circuits, the task's first measure."""
    key = _HEADLINE[tables[0].task]
    out = _empty(_COLUMNS[key], *(table.truth for table in tables))
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


def number(score: Score | None, missing: str = "-", digits: int = 3) -> str:
    """A figure and half the width of its interval."""
    if score is None:
        return missing
    if abs(score.value) >= 10:
        digits = 1
    text = f"{score.value:.{digits}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    text = text.replace("-", "\N{MINUS SIGN}")
    if score.high is None:
        return text
    half = f"{score.high - score.value:.{digits}f}".removeprefix("0")
    return f"{text} ±{half}"
