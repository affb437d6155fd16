"""Labels by a language model, and what asking for them would send, in the terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from microtome.atlas.names import feature_name
from microtome.atlas.schema import EncoderContent
from microtome.explain.artifact import LabelsContent, Mean
from microtome.explain.endpoint import Endpoint
from microtome.explain.features import Key
from microtome.explain.label import ModelLabel, Score
from microtome.explain.plan import Plan
from microtome.explain.question import Question
from microtome.explain.spending import Spending

_ROWS = 25
_LINES = 4
"""Of a question that is shown."""


def show_plan(console: Console, planned: Plan, endpoint: Endpoint, first: Question | None) -> None:
    """What would be sent, to whom, at what price."""
    if not planned.features:
        console.print("Nothing to send: all of these features are explained already.")
        return
    prices = endpoint.spending.prices
    lines = [
        f"Nothing was sent. To explain {_features(planned.features)}, microtome would send to",
        f"{endpoint.url} (model {endpoint.name}):",
        "",
        f"  requests        {planned.requests:,}",
        f"  tokens sent     about {planned.tokens_in:,}",
        f"  tokens answered about {planned.tokens_out:,}, at most {planned.most_tokens_out:,}",
    ]
    if prices is None:
        lines.append("  cost            unknown: give --price-in and --price-out")
    else:
        likely, most = planned.cost(prices)
        lines.append(f"  cost            about {likely:,.4g}, at most {most:,.4g}")
    if first is not None:
        said = first.user.splitlines()
        lines += ["", "Text of your corpus goes with them. The first request holds:", ""]
        lines += [f"  {line}" for line in said[:_LINES]]
        lines += [f"  … and {len(said) - _LINES} more"] if len(said) > _LINES else []
    lines += ["", "Send it with --send."]
    for line in lines:
        console.print(Text(line, overflow="ellipsis", no_wrap=True))


def show_labels(
    console: Console,
    content: LabelsContent,
    labels: Mapping[Key, ModelLabel],
    keys: Sequence[Key],
    encoders: list[EncoderContent],
    out: Path,
) -> None:
    """Figures of all labels, and those of the features that were asked for."""
    console.print(
        f"{content.labelled:,} of {_features(content.features)} explained by {content.explainer}",
        markup=False,
        highlight=False,
    )
    _figures(console, content)
    console.print("Balanced accuracy on held-out text, with 95% intervals; 0.5 is chance.")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("feature", no_wrap=True)
    table.add_column("label", ratio=1)
    table.add_column("detection", no_wrap=True)
    table.add_column("fuzzing", no_wrap=True)
    for key in keys[:_ROWS]:
        label = labels[key]
        name = feature_name(encoders, *key)
        said = Text(label.label) if label.label else Text(label.problem, style="dim")
        table.add_row(name, said, _score(label.detection), _score(label.fuzzing))
    console.print()
    console.print(table)
    if len(keys) > _ROWS:
        console.print(f"… and {len(keys) - _ROWS:,} more", highlight=False)
    console.print()
    console.print(f"Saved to {out}", markup=False, highlight=False, soft_wrap=True)


def spent(spending: Spending) -> str:
    """A line for the log."""
    cost = "" if spending.cost is None else f", cost {spending.cost:,.4g}"
    return (
        f"{spending.requests:,} requests, {spending.tokens_in:,.0f} tokens sent, "
        f"{spending.tokens_out:,.0f} answered{cost}"
    )


def _figures(console: Console, content: LabelsContent) -> None:
    table = Table(box=None, show_header=False, pad_edge=True, padding=(0, 2, 0, 0))
    meanings = {
        "detection": "examples told from random windows",
        "fuzzing": "right marks told from wrong ones",
        "control": "detection with another's explanation",
    }
    for name, meaning in meanings.items():
        if (figure := getattr(content, name)) is not None:
            table.add_row(name, _mean(figure), Text(meaning, style="dim"))
    console.print(table)


def _mean(figure: Mean) -> str:
    of = f"over {_features(figure.features)}"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3f} {of}"
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f}) {of}"


def _score(score: Score | None) -> str:
    return "" if score is None else f"{score.value:.2f} ({score.low:.2f}–{score.high:.2f})"


def _features(n: int) -> str:
    return f"{n:,} feature" if n == 1 else f"{n:,} features"
