"""A scoreboard as one HTML page: every figure as a dot plot and as a number."""

import json
from collections.abc import Mapping, Sequence
from html import escape

from microtome.page import (
    DOTS_STYLE,
    Axis,
    Dot,
    Html,
    Mark,
    axis_of,
    document,
    dot_plot,
    folded,
    heading,
    paragraph,
    section,
    sign,
    table,
)
from microtome.specimen.score.result import CHANCE, MEASURES, Row, Score, Scoreboard, ScoreTable
from microtome.specimen.score.words import (
    COLUMNS,
    DIGITS,
    HEADLINE,
    ROLES,
    TITLES,
    number,
    over,
    plain,
)

_STYLE = (
    DOTS_STYLE
    + """
.panels { display:grid; grid-template-columns:repeat(auto-fit,minmax(370px,1fr)); gap:24px 36px;
  margin:14px 0 8px }
.panels figure { margin:0; max-width:760px; display:flex; flex-direction:column }
.panels h3 { margin:0 } .panels h3 small { font-weight:400; color:var(--soft) }
.panels p { font-size:.88em; line-height:1.4; margin:2px 0 10px; flex:1 }
.numbers table { width:auto; min-width:min(100%,760px) } .numbers td+td { padding-left:22px }
.legend { display:flex; flex-wrap:wrap; gap:4px 24px; list-style:none; padding:0; margin:14px 0 0;
  font-size:.92em } .legend svg { margin-right:7px }
nav { margin-top:14px; columns:2; column-gap:40px; max-width:1000px; font-size:.95em }
nav a { display:block; text-decoration:none; break-inside:avoid; padding:1px 0 }
nav a:hover { text-decoration:underline }
.note { color:var(--warn) }
"""
)
_MARKS: dict[str, Mark] = {"random": "random", "shuffled": "control", "ceiling": "ceiling"}
_LEGEND: dict[Mark, str] = {
    "subject": "a dictionary, or the graphs that are traced with one",
    "other": "another method to hold dictionaries against",
    "random": "random: has learned nothing",
    "control": "control: shuffled, so it must fail",
    "ceiling": "ceiling: was told the truth",
}
_TASKS = {
    "directions": "Dictionaries read activations that are sums of known directions.",
    "concepts": "Every value of every variable is a concept: where it holds is known of every "
    "token, and one feature alone has to tell it.",
    "interventions": "The best feature of a variable's value is exchanged for that of another "
    "value in the real model; the program says which next tokens change and which stay.",
    "edges": "Features of attribution graphs stand for the variables that they write, and what one "
    "variable gives to another is held against the circuit.",
}
_HEADINGS = COLUMNS | {"unique": "unique features", "auroc_shown": "AUROC of shown"}
_LOWER, _NEITHER = ("fvu",), ("l0",)
"""Figures of which less is better, and of which neither is."""
_SHARES = Axis(0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0))
_EFFECT = Axis(-1.0, 1.0, (-1.0, -0.5, 0.0, 0.5, 1.0))


def page(board: Scoreboard) -> str:
    """The HTML of a scoreboard."""
    shown = [t for t in board.tables if not _within(t, board)]
    titles = [f"{t.truth}: {TITLES[t.task]}" for t in shown]
    body = [
        "<h1>Scoreboard</h1>",
        paragraph(f"microtome score: {over(board)}", soft=True),
        paragraph(
            "Dictionaries of every architecture and the attribution method, graded against what is "
            "known of specimens, beside what knows nothing and what was told the answer."
        ),
        *(Html(f'<p class="note">Note: {escape(note)}</p>') for note in board.notes),
        _legend(board),
        _contents(titles) if len(titles) > 1 else "",
        *(
            _section(one, title, f"table-{i}", _parts(one, board))
            for i, (one, title) in enumerate(zip(shown, titles, strict=True))
        ),
        folded("Configuration", _configuration(board)),
    ]
    return document("Scoreboard", body, _STYLE, wide=True)


def _within(one: ScoreTable, board: Scoreboard) -> bool:
    """Whether a table is of a circuit that is shown below the mean over circuits."""
    means = {t.task for t in board.tables if t.truth == "compiled"}
    return one.truth in board.circuits and one.task in means


def _parts(one: ScoreTable, board: Scoreboard) -> list[ScoreTable]:
    """Tables of the circuits that a table is the mean of."""
    if one.truth != "compiled":
        return []
    return [t for t in board.tables if t.task == one.task and _within(t, board)]


def _legend(board: Scoreboard) -> str:
    used = {_mark(row, one) for one in board.tables for row in one.rows}
    lines = [(sign(mark), said) for mark, said in _LEGEND.items() if mark in used]
    if len(board.seeds) > 1:
        if not board.splits:
            lines.append((sign("interval"), "95% interval, cut where the plot ends"))
        lines.append((sign("part"), "one split" if board.splits else "one seed"))
    lines.append((sign("line"), "chance"))
    return f'<ul class="legend">{"".join(f"<li>{mark}{said}</li>" for mark, said in lines)}</ul>'


def _contents(titles: Sequence[str]) -> str:
    links = (f'<a href="#table-{i}">{escape(title)}</a>' for i, title in enumerate(titles))
    return f"<nav>{''.join(links)}</nav>"


def _section(one: ScoreTable, title: str, name: str, parts: Sequence[ScoreTable]) -> str:
    means = f" Means over {len(parts)} circuits." if parts else ""
    body = [paragraph(_TASKS[one.task] + means, soft=True), _figures(one)]
    if parts:
        body += [heading(f"{_heading(HEADLINE[one.task])} by circuit"), _by_circuit(parts)]
        body += [folded(part.truth, _figures(part)) for part in parts]
    return section(title, *body, name=name)


def _figures(one: ScoreTable) -> str:
    """Plots and numbers of one table."""
    keys = [key for key in COLUMNS if any(key in row.figures for row in one.rows)]
    plots = "".join(_panel(one, key, _heading(key), _about(key)) for key in keys)
    parts = [f'<div class="panels">{plots}</div>', _numbers(one, keys)]
    if variables := dict.fromkeys(name for row in one.rows for name in row.detail):
        parts.append(folded("Coverage by variable", _by_variable(one.rows, list(variables))))
    return "".join(parts)


def _by_circuit(parts: Sequence[ScoreTable]) -> str:
    """The task's first figure, a plot for each circuit that has it."""
    key = HEADLINE[parts[0].task]
    found = [one for one in parts if any(key in row.figures for row in one.rows)]
    return f'<div class="panels">{"".join(_panel(one, key, one.truth) for one in found)}</div>'


def _heading(key: str) -> str:
    return _HEADINGS[key]


def _about(key: str) -> str:
    said = MEASURES[key][0].upper() + MEASURES[key][1:] + "."
    return f"{said} Chance: {CHANCE[key]}." if key in CHANCE else said


def _panel(one: ScoreTable, key: str, title: str, about: str = "") -> str:
    better = "" if key in _NEITHER else "lower is better" if key in _LOWER else "higher is better"
    chance = one.chance.get(key)
    digits = DIGITS.get(key, 3)
    lines = [(chance.value, f"chance: {number(chance, digits=digits)}")] if chance else []
    scores = [row.figures[key] for row in one.rows if key in row.figures]
    plot = dot_plot([_dot(row, one, key) for row in one.rows], _axis(key, scores), lines)
    return (
        f"<figure><h3>{escape(title)} <small>{better}</small></h3>"
        f"{paragraph(about, soft=True) if about else ''}{plot}</figure>"
    )


def _axis(key: str, scores: Sequence[Score]) -> Axis:
    if key == "effect_r2":  # what does damage can be at any distance below 0
        values = [v for score in scores for v in (score.value, *score.seeds)]
        return _SHARES if min(values, default=0.0) >= 0 else _EFFECT
    if key not in (*_LOWER, *_NEITHER):
        return _SHARES
    ends = [v for s in scores for v in (s.value, *s.seeds, s.high) if v is not None]
    return axis_of([0.0, *ends])


def _dot(row: Row, one: ScoreTable, key: str) -> Dot:
    mark, score, digits = _mark(row, one), row.figures.get(key), DIGITS.get(key, 3)
    if score is None:
        return Dot(row.method, mark)
    shown = plain(score.value, digits)
    said = f"{row.method}: {_heading(key)} {shown}"
    interval = None
    if score.low is not None and score.high is not None:
        interval = (score.low, score.high)
        said += f"\n95% interval: {plain(score.low, digits)} to {plain(score.high, digits)}"
    parts = score.seeds if len(score.seeds) > 1 else ()
    if parts:
        said += f"\nseeds: {', '.join(plain(v, digits) for v in parts)}"
    return Dot(row.method, mark, score.value, shown, interval, parts, said)


def _mark(row: Row, one: ScoreTable) -> Mark:
    """Of a method: where there are dictionaries it stands beside them, or else it is what the
    table is about."""
    if row.role == "method" and any(other.role == "dictionary" for other in one.rows):
        return "other"
    return _MARKS.get(row.role, "subject")


def _numbers(one: ScoreTable, keys: Sequence[str]) -> str:
    rows: list[list[str]] = [
        [row.method, ROLES[row.role], *(_cell(row.figures, key) for key in keys)]
        for row in one.rows
    ]
    if one.chance:
        rows.append(["chance", "", *(_cell(one.chance, key) for key in keys)])
    head = ["method", "", *(COLUMNS[key] for key in keys)]
    return f'<div class="numbers">{table(head, rows, figures=True, text=("",))}</div>'


def _cell(scores: Mapping[str, Score], key: str) -> str:
    return number(scores.get(key), "–", DIGITS.get(key, 3))


def _by_variable(rows: Sequence[Row], variables: Sequence[str]) -> str:
    lines = [
        [row.method, *(_cell(row.detail, name) for name in variables)] for row in rows if row.detail
    ]
    return f'<div class="numbers">{table(["method", *variables], lines, figures=True)}</div>'


def _configuration(board: Scoreboard) -> str:
    rows = [[key, json.dumps(value, ensure_ascii=False)] for key, value in board.config.items()]
    return table(["option", "value"], rows)
