"""From figures to words: what became of an edge, and how far a graph can be believed."""

from microtome.circuit.verify.agreement import Agreement
from microtome.circuit.verify.document import Belief, ModeResult, Verdict

WEAK, STRONG, NONE = 0.5, 2.0, 0.1
"""Slopes of measured on predicted effects."""

GOOD, FAIR = 0.8, 0.4
"""R^2 of groups on the targets asked for."""
MUCH_ERROR = 0.5
"""Share of influence, or of variance, that errors may have."""


def edge_verdict(slope: float | None, interval: tuple[float, float] | None) -> Verdict:
    """By the slope of measured on predicted effects and its interval."""
    if slope is None or interval is None:
        return "not testable"
    low, high = interval
    if high < NONE:
        return "contradicted"
    if high < WEAK:
        return "weaker"
    if low < NONE:
        return "unclear"
    if slope < WEAK:
        return "weaker"
    return "stronger" if slope > STRONG else "confirmed"


def belief(
    modes: dict[str, ModeResult], error_influence: float, error_share: float
) -> tuple[Belief, list[str]]:
    """How far a graph can be believed, and why.

    Everything has to hold against its control: the dictionary explains the model on this prompt,
    groups do what the graph predicts, the circuit is needed and is enough.
    """
    held, live = modes["held"], modes["live"]
    failed, weak, said = [], [], []
    if error_share > MUCH_ERROR:
        failed.append(
            f"errors hold {error_share:.0%} of the variance of MLP outputs: the dictionary does "
            f"not explain this prompt"
        )
    if error_influence > MUCH_ERROR:
        failed.append(f"{error_influence:.0%} of influence starts at errors")
    _judge_prediction(held, failed, weak, said)
    _judge_circuit(live, failed, weak, said)
    said += _causes(modes)
    if failed:
        return "not believable", [*failed, *weak, *said]
    return ("partly" if weak else "believable"), [*weak, *said]


def _judge_prediction(mode: ModeResult, failed: list, weak: list, said: list) -> None:
    found, control = mode.groups.r2, mode.groups_control.r2
    if found is None:
        failed.append("no effect of a group could be measured")
        return
    figure = f"groups move the targets as predicted with R² {found:.2f} (held)"
    if control is not None and found <= max(control, 0.0):
        failed.append(f"{figure}, no better than random features ({control:.2f})")
    elif found < FAIR:
        failed.append(f"{figure}, below {FAIR}")
    elif found < GOOD:
        weak.append(f"{figure}, below {GOOD}")
    else:
        said.append(figure)


def _judge_circuit(mode: ModeResult, failed: list, weak: list, said: list) -> None:
    circuit = mode.circuit
    pairs = (
        ("ablating the circuit takes", circuit.necessity, circuit.necessity_control),
        ("the circuit alone keeps", circuit.sufficiency, circuit.sufficiency_control),
    )
    for words, found, control in pairs:
        if found is None or control is None:
            failed.append("features do not change the targets at all")
            return
        figure = f"{words} {found:z.0%} of the answer, random features {control:z.0%} (live)"
        figure = figure.replace("-", "−")
        if found <= control + 0.1:
            failed.append(figure)
        elif found < 0.5:
            weak.append(figure)
        else:
            said.append(figure)


def _causes(modes: dict[str, ModeResult]) -> list[str]:
    """What costs agreement, step by step from held to live."""
    said = []
    steps = (
        (
            "held",
            "frozen",
            "norm denominators follow",
            "they take part of an effect back, and what the graph misses weighs more",
        ),
        ("frozen", "live", "attention follows", "the graph leaves it out"),
    )
    for before, after, what, why in steps:
        a, b = _r2(modes[before].groups), _r2(modes[after].groups)
        if a is not None and b is not None and a - b > 0.1:
            said.append(f"when {what}, R² falls from {a:.2f} to {b:.2f}: {why}")
    return said


def _r2(found: Agreement) -> float | None:
    return found.r2
