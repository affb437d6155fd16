"""A verification in the terminal, readable at 100 columns."""

import re

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from microtome.artifact.printable import signed
from microtome.circuit.verify.agreement import Agreement
from microtome.circuit.verify.document import (
    CircuitResult,
    Effect,
    GroupResult,
    ModeResult,
    Verification,
)

BELIEF_STYLE = {"believable": "blue", "partly": "yellow", "not believable": "dark_orange"}
MODE_WORDS = {
    "held": "patterns, norms frozen",
    "frozen": "patterns frozen",
    "live": "nothing frozen",
}
_GROUPS = 10
_LABEL = 26


def show_verification(found: Verification, console: Console) -> None:
    """Print the verdict, its reasons, and the figures behind it."""
    title = Text("\nVerdict  ", "bold")
    title.append(found.belief, BELIEF_STYLE[found.belief])
    reasons = [Padding(Text(reason), (0, 0, 0, 2)) for reason in found.reasons]
    console.print(
        Group(
            title,
            *reasons,
            _section("Predicted against measured effects", _agreements(found)),
            Text(" R²: 1 exact, 0 no better than the mean; slope: 1 as strong as predicted", "dim"),
            _section("The circuit as a whole", _circuits(found)),
            Text(" in brackets: the same with random features", "dim"),
            *_taken_away(found),
            _section("Edges from group to group, counted", _edges(found)),
        )
    )


def _section(title: str, table: Table) -> Group:
    return Group(Text(f"\n{title}", "bold"), table)


def _table(*headings: str, left: int = 1) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 1))
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="left" if i < left else "right", no_wrap=i >= left)
    return table


def _agreements(found: Verification) -> Table:
    modes = list(found.modes)
    table = _table("", *(word for m in modes for word in (f"{m} R²", "slope", "control")))
    rows: dict[str, list[str]] = {}
    for mode in modes:
        for name, pair in _pairs(found.modes[mode]).items():
            rows.setdefault(name, []).extend(
                [_number(pair[0].r2), _number(pair[0].slope), _number(pair[1].r2)]
            )
    for name, cells in rows.items():
        table.add_row(name, *cells)
    return table


def _pairs(mode: ModeResult) -> dict[str, tuple[Agreement, Agreement]]:
    rows = {
        "groups on the answer": (mode.groups, mode.groups_control),
        "each feature on it": (mode.logits, mode.logits_control),
    }
    for row in mode.by_distance:
        layers = "layer" if row.distance == 1 else "layers"
        rows[f"features {row.distance} {layers} on"] = (row.agreement, row.control)
    return rows


def _circuits(found: Verification) -> Table:
    table = _table("", "answer lost without it", "kept with it alone", "CPR", "CMD")
    for name, mode in found.modes.items():
        c: CircuitResult = mode.circuit
        table.add_row(
            f"{name}: {MODE_WORDS.get(name, '')}",
            _against(c.necessity, c.necessity_control),
            _against(c.sufficiency, c.sufficiency_control),
            f"{_number(c.curve.cpr)} [{_number(c.curve_control.cpr)}]",
            f"{_number(c.curve.cmd)} [{_number(c.curve_control.cmd)}]",
        )
    return table


def _taken_away(found: Verification) -> list[Group | Text]:
    if -1.0 not in found.sizes:
        return [Text("\nNo group was taken away: −1 is not among the sizes.", "dim")]
    title = "Groups and tokens of most influence, and what taking them away does"
    note = (
        " first what the graph predicts, then what was found; random: random features, held;\n"
        " the verdict is of groups of features: without a token, attention has less to look at"
    )
    return [_section(title, _groups(found)), Text(note, "dim")]


def _named(group: GroupResult) -> str:
    """The group's label; of a token, the token and its position, as in a graph."""
    first = group.members[0]
    if len(group.members) > 1 or not first.startswith("token "):
        return group.label
    position = first.rpartition("@")[2]
    token = re.sub(r" \(\d+\)$", "", group.label)  # the number that tells tokens apart
    return f"“{token}”@{position}"


def _groups(found: Verification) -> Table:
    modes = list(found.modes)
    table = _table(
        "group", "on", *(word for m in modes for word in (f"{m}:", "found")), "random", left=2
    )
    at = found.sizes.index(-1.0)
    for group in found.groups[:_GROUPS]:
        effect = _largest(group, modes[0], at)
        if effect is not None:
            table.add_row(
                _cut(_named(group)),
                f"“{effect.label}”" if effect.label else effect.target,
                *(
                    _signed(values[mode][at])
                    for mode in modes
                    for values in (effect.predicted, effect.measured)
                ),
                _signed(effect.control[modes[0]][at]),
            )
    return table


def _largest(group: GroupResult, mode: str, at: int) -> Effect | None:
    return max(group.effects, key=lambda effect: abs(effect.predicted[mode][at]), default=None)


def _edges(found: Verification) -> Table:
    verdicts = ("confirmed", "weaker", "stronger", "contradicted", "unclear", "not testable")
    table = _table("", *verdicts)
    for mode in found.modes:
        counts = [sum(e.verdicts[mode].verdict == v for e in found.edges) for v in verdicts]
        table.add_row(mode, *map(str, counts))
    return table


def _cut(label: str) -> str:
    return label if len(label) <= _LABEL else label[: _LABEL - 1] + "…"


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return (
        f"{value:.2f}".replace("-", "−") if abs(value) < 99.5 else "< −99" if value < 0 else "> 99"
    )


def _signed(value: float | None) -> str:
    return "–" if value is None else signed(value)


def _against(found: float | None, control: float | None) -> str:
    if found is None or control is None:
        return "–"
    return f"{found:z.0%} [{control:z.0%}]".replace("-", "−")
