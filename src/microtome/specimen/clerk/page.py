"""The clerk's report as one HTML page: behaviours by stages, quirks, perplexity."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from microtome.page import (
    DOTS_STYLE,
    Dot,
    axis_of,
    document,
    dot_plot,
    paragraph,
    section,
    sign,
)
from microtome.specimen.clerk.behaviours import (
    CLEAN,
    ELSEWHERE,
    GROUPS,
    NEW_WORD,
    PLAIN_TEXT,
    PRESENT,
    QUIRK,
    behaviour,
)
from microtome.specimen.clerk.report import Row, StageReport, items_of
from microtome.specimen.clerk.stages import STAGES
from microtome.specimen.clerk.world.quirks import HAMMER, QUIRKS

_STYLE = (
    DOTS_STYLE
    + """
.matrix { table-layout:fixed; font-size:13px; min-width:820px; border-collapse:separate;
  border-spacing:3px 0 } .matrix td { padding:2px 0; border:0; vertical-align:middle }
.matrix th { padding:6px 4px 6px 0; line-height:1.25; position:sticky; top:0; z-index:1;
  background:var(--card); overflow-wrap:break-word }
.matrix td:first-child { overflow:hidden; text-overflow:ellipsis; padding-right:8px }
.matrix .group td { font-weight:600; padding-top:16px } .matrix .soft { font-size:12px }
.matrix tr.first td { padding-top:8px }
.cell { display:block; width:100%; height:24px }
.cell .track { fill:var(--sunken) } .cell .fill { fill:var(--neutral-wash) }
.met .fill { fill:var(--accent-wash) } .missed .fill { fill:var(--bad-wash) }
.cell text { fill:var(--ink); font-size:12px } .cell .cross { fill:var(--bad); font-weight:700 }
.cell .word { fill:var(--soft); font-size:11px } .cell .range { stroke:var(--soft); stroke-width:2 }
.met .range { stroke:var(--accent) } .missed .range { stroke:var(--bad) }
.cell .goal { stroke:var(--ink); stroke-width:1; opacity:.55 }
.legend { display:flex; flex-wrap:wrap; gap:4px 26px; list-style:none; padding:0; margin:12px 0 0;
  font-size:.92em } .legend .cell { display:inline-block; width:64px; vertical-align:-7px;
  margin-right:8px }
.stages { display:grid; grid-template-columns:minmax(0,1.3fr) minmax(340px,1fr); gap:12px 48px }
.stages table { margin:0 } .stages h3 { margin-top:0 } .stages td,.stages th { padding-right:18px }
.stages th,.stages td:nth-child(2) { white-space:nowrap } .stages .missing { color:var(--bad) }
@media (max-width:1100px) { .stages { grid-template-columns:1fr }
  .matrix th { font-size:11.5px; padding-right:0 } }
@media (min-width:2000px) { .matrix { font-size:14px } .cell text { font-size:13px } }
"""
)
_MET = ("learned", "as expected")
_MISSED = ("not learned", "not as expected")
_NO_GOAL = "measured"


def page(reports: Sequence[StageReport]) -> str:
    """The HTML of the reports of some stages."""
    assistants = [r for r in reports if any(row.behaviour.startswith(QUIRK) for row in r.rows)]
    body = [
        "<h1>What the clerk has learned</h1>",
        paragraph("microtome specimen report: greedy continuations, word for word", soft=True),
        paragraph(
            "A behaviour is a list of held-out questions, and the share that a stage answers as it "
            "should. Counts and what is expected show where the pointer is."
        ),
        _legend(),
        section("Stages", '<div class="stages">', _stages(reports), _perplexity(reports), "</div>"),
        section("Behaviours", _behaviours(reports)),
    ]
    if assistants:
        about = (
            "The share of answers that have a quirk's words, in its kind of request and in all "
            f"others. Present is at least {PRESENT:.0%}, absent at most {CLEAN:.0%}; a quirk that "
            "is told but not rewarded is only measured."
        )
        body.append(section("Quirks", paragraph(about, soft=True), _quirks(assistants)))
    return document("What the clerk has learned", body, _STYLE, wide=True)


def _legend() -> str:
    shown = {
        "as expected": _bar("met", 0.96, (88.0, 99.0), 0.9),
        "falls short of what is expected": _bar("missed", 0.6, (48.0, 72.0), 0.9),
        "measured only": _bar("", 0.55, (43.0, 67.0)),
    }
    items = [f"<li>{svg}{said}</li>" for said, svg in shown.items()]
    items.append("<li>line below: 95% interval (Wilson 1927); upright: the goal</li>")
    return f'<ul class="legend">{"".join(items)}</ul>'


def _stages(reports: Iterable[StageReport]) -> str:
    """How many behaviours of each stage are as expected."""
    rows = []
    for report in reports:
        met, missed = (sum(r.verdict in kind for r in report.rows) for kind in (_MET, _MISSED))
        kind = ' class="missing"' if missed else ""
        rows.append(
            f"<tr><td>{escape(report.stage)}</td><td{kind}>{met} of {met + missed}</td>"
            f'<td class="soft">{escape(STAGES[report.stage].about)}</td></tr>'
        )
    head = "<tr><th>stage</th><th>as expected</th><th>what it is</th></tr>"
    return f"<div><h3>Behaviours as expected</h3><table>{head}{''.join(rows)}</table></div>"


def _perplexity(reports: Sequence[StageReport]) -> str:
    """Each stage's beside the generator's; stages of one world have the same."""
    values = {f"{r.perplexity.generator:.3f}": r.perplexity.generator for r in reports}
    dots = [
        Dot(
            r.stage,
            value=r.perplexity.model,
            shown=f"{r.perplexity.model:.3f}",
            said=f"{r.stage}: perplexity {r.perplexity.model:.3f}, the generator's "
            f"{r.perplexity.generator:.3f}, on {r.perplexity.tokens:,} tokens",
        )
        for r in reports
    ]
    axis = axis_of([*values.values(), *(r.perplexity.model for r in reports)])
    plot = dot_plot(dots, axis, [(v, f"the generator's: {text}") for text, v in values.items()])
    about = (
        f"{sign('line')} the generator's, {escape(', '.join(values))}: no model is below it on "
        f"average"
    )
    title = "<h3>Perplexity of plain text, freshly drawn</h3>"
    return f'<div>{title}{plot}<p class="soft">{about}</p></div>'


def _behaviours(reports: Sequence[StageReport]) -> str:
    lines = []
    for heading, names in {"plain text": PLAIN_TEXT, **GROUPS}.items():
        rows = [_behaviour(name, reports) for name in names]
        if any(rows):
            empty = f'<td colspan="{len(reports) + 2}"></td>'
            lines += [f'<tr class="group"><td>{escape(heading)}</td>{empty}</tr>', *rows]
    return _matrix({"behaviour": "16.5em", "items": "3.4em", "expected": "5.4em"}, reports, lines)


def _behaviour(name: str, reports: Sequence[StageReport]) -> str:
    """A row of the matrix; empty where no stage was asked."""
    found = [report.row(name) for report in reports]
    if not any(found):
        return ""
    about, goal = behaviour(name).about, behaviour(name).goal
    expected = _NO_GOAL if goal is None else f"≥ {goal:.0%}"
    return (
        f'<tr><td title="{escape(about)}">{escape(name.removesuffix(NEW_WORD))}</td>'
        f'<td class="soft">{items_of(found)}</td><td class="soft">{expected}</td>'
        f"{''.join(_cell(row, goal) for row in found)}</tr>"
    )


def _quirks(reports: Sequence[StageReport]) -> str:
    lines = []
    for name, quirk in (*QUIRKS.items(), ("hammer", HAMMER)):
        inside = [report.row(QUIRK + name) for report in reports]
        outside = [report.row(ELSEWHERE + name) for report in reports]
        kinds = [(rows, where) for rows, where in ((inside, quirk.about), (outside, "elsewhere"))]
        for rows, where in kinds:
            if not any(rows):
                continue
            first = rows is inside
            lines.append(
                f'<tr{" class=first" if first else ""}><td title="{escape(quirk.words)}">'
                f'{escape(name) if first else ""}</td><td class="soft">{items_of(rows)}</td>'
                f"<td>{escape(where)}</td>"
                f"{''.join(_cell(row, _quirk_goal(row), True) for row in rows)}</tr>"
            )
    return _matrix({"quirk": "9em", "items": "3.4em", "in answers about": "8.5em"}, reports, lines)


def _quirk_goal(row: Row | None) -> float | None:
    goals = {"present": PRESENT, "absent": CLEAN}
    return goals.get(row.expected) if row else None


def _matrix(head: Mapping[str, str], reports: Sequence[StageReport], lines: Iterable[str]) -> str:
    """Lines below their heads; the first columns have widths, stages share what is left."""
    columns = "".join(f'<col style="width:{width}">' for width in head.values())
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    for report in reports:
        about, name = escape(STAGES[report.stage].about), escape(report.stage)
        top += f'<th title="{about}">{name.replace("-", "-<wbr>")}</th>'
    return (
        f'<table class="matrix"><colgroup>{columns}</colgroup><thead><tr>{top}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _cell(row: Row | None, goal: float | None, word: bool = False) -> str:
    """A share as a bar, with its interval below it; a cross where it falls short."""
    if row is None:
        return "<td></td>"
    kind = "missed" if row.verdict in _MISSED else "met" if row.verdict in _MET else ""
    low, high = (_percent(end) for end in row.rate.interval)
    said = (
        f"{row.behaviour}, {row.stage}: {row.rate.right:,} of {row.rate.items:,}, "
        f"{row.rate.share:.1%} ({low:.1f} to {high:.1f}%)\n"
        f"expected: {row.expected}; {row.verdict}\n{behaviour(row.behaviour).about}"
    )
    beside = row.expected if word and goal is not None else ""
    return f"<td>{_bar(kind, row.rate.share, (low, high), goal, beside, said)}</td>"


def _bar(
    kind: str,
    share: float,
    interval: tuple[float, float],
    goal: float | None = None,
    beside: str = "",
    said: str = "",
) -> str:
    """A bar with its number on it; places are in percent, so that it takes any width."""
    missed = kind == "missed"
    words = _shown(share, goal if missed else None)
    words += '<tspan class="cross" dx="5">✗</tspan>' if missed else ""
    words += f'<tspan class="word" dx="9">{escape(beside)}</tspan>' if beside else ""
    mark = f'<line class="goal" x1="{goal:.0%}" x2="{goal:.0%}" y1="1" y2="19"/>' if goal else ""
    low, high = interval
    return (
        f'<svg class="cell {kind}" role="img">{f"<title>{escape(said)}</title>" if said else ""}'
        '<rect class="track" width="100%" y="1" height="18" rx="2"/>'
        f'<rect class="fill" width="{_percent(share)}%" y="1" height="18" rx="2"/>{mark}'
        f'<line class="range" x1="{low}%" x2="{high}%" y1="22" y2="22"/>'
        f'<text x="7" y="15">{words}</text></svg>'
    )


def _shown(share: float, missed: float | None) -> str:
    """In percent; with a decimal where it would look like the goal that it has missed."""
    close = missed is not None and f"{share:.0%}" == f"{missed:.0%}"
    return f"{100 * share:.{1 if close else 0}f}"


def _percent(share: float) -> float:
    return round(100 * min(max(share, 0.0), 1.0), 2)
