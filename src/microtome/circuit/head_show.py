"""Heads in feature space in the terminal, readable at 100 columns."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from microtome.artifact.printable import signed
from microtome.circuit.head_report import HeadReport
from microtome.circuit.head_table import HeadTable

_LISTS = {
    "query_reads": ("Features that the query reads most", "gain"),
    "query_ignores": ("Features that the query does not see", "gain"),
    "key_reads": ("Features that the key reads most", "gain"),
    "key_ignores": ("Features that the key does not see", "gain"),
    "matches": ("Query and key features that match", "score"),
    "copies_most": ("Features that it copies", "copies"),
    "suppresses_most": ("Features that it takes away", "copies"),
    "writes": ("What a feature, looked at, does to later features", "effect"),
    "suppressed_features": ("Copy suppression of features", "score"),
}


def show_heads(reports: Sequence[HeadReport], console: Console) -> None:
    """Print a table of heads; the lists of a head where there are any."""
    console.print(_table(reports))
    console.print(
        Text(
            "Null: share of features that the query or key reads less than 99% of random "
            "directions. Copies: mean of d·OV d/|d|², and the share above 0. Asymmetry: "
            "correlation of looking for a feature with copying it; * outside the control. "
            "Suppress: share of features and tokens with copy suppression above 1.",
            style="dim",
        )
    )
    for report in reports:
        for key, (title, score) in _LISTS.items():
            if key in report.lists:
                console.print(Text.assemble((f"\n{title}", "bold"), (f"  {score}", "dim")))
                console.print(_list(report.lists[key]))
        if report.lists.get("suppressed_tokens"):
            console.print(Text("\nCopy suppression of tokens", style="bold"))
            console.print(_tokens(report.lists["suppressed_tokens"]))


def show_head_table(table: HeadTable, tokens: tuple[str, ...], console: Console, most: int) -> None:
    """Print which heads carry a graph's edges, and what they looked at."""
    shown = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    shown.add_column("Head")
    shown.add_column("Share", justify="right")
    shown.add_column("Influence", justify="right")
    shown.add_column("Looks at")
    shown.add_row("none", f"{table.direct_share:.1%}", f"{table.direct_influence:.1%}", "–")
    for layer, head in table.ranked()[:most]:
        keys = table.keys[layer, head]
        best = keys.argsort(descending=True, stable=True)[:4].tolist()
        looks = ", ".join(
            f"“{tokens[k].strip()}”@{k} {float(keys[k]):.0%}" for k in best if keys[k] >= 0.005
        )
        share, influence = table.share[layer, head], table.influence[layer, head]
        shown.add_row(f"{layer}.{head}", f"{share:.1%}", f"{influence:.1%}", escape(looks))
    n, title = table.share.numel(), "Heads that bring the prompt's graph to its last position"
    shown_of = f"  {min(most, n)} of {n}; none: edges by no head"
    console.print(Text.assemble((f"\n{title}", "bold"), (shown_of, "dim")))
    console.print(shown)


def _table(reports: Sequence[HeadReport]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Head")
    for name in ("Features", "Null Q", "Null K", "Copies", "> 0", "Asymmetry", "Control"):
        table.add_column(name, justify="right")
    table.add_column("Suppress", justify="right")
    table.add_column("tokens", justify="right")
    for report in reports:
        f, name = report.figures, f"{report.layer}.{report.head}"
        tokens = f"{f['token_copy_suppression']:.0%}"
        if not f["features"]:
            table.add_row(name, "0", *["–"] * 7, tokens)
            continue
        low, high = f["asymmetry_control"]
        mark = " " if low <= f["asymmetry"] <= high else "*"
        table.add_row(
            name,
            str(f["features"]),
            f"{f['query_null']:.1%}",
            f"{f['key_null']:.1%}",
            signed(f["copies"], 3),
            f"{f['copied']:.0%}",
            f"{signed(f['asymmetry'])}{mark}",
            f"{signed(low)} {signed(high)}",
            f"{f['feature_copy_suppression']:.0%}",
            tokens,
        )
    return table


def _list(rows: list[dict[str, Any]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", min_width=10, no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    if any("other" in row for row in rows):
        table.add_column(no_wrap=True, min_width=1)
        table.add_column(no_wrap=True, overflow="ellipsis")
    largest = max((abs(row["value"]) for row in rows), default=0.0)
    digits = 3 if largest < 10 else 1
    for row in rows:
        cells = [signed(row["value"], digits), _named(row)]
        if "other" in row:
            cells += ["→", _named(row["other"])]
        table.add_row(*cells)
    return table


def _named(row: dict[str, Any]) -> str:
    words = f"  {row['label']}" if row["label"] else ""
    return escape(f"{row['feature']}{words}")


def _quoted(token: str) -> str:
    return f"“{token}”".replace("\n", "⏎")


def _tokens(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("Token", "Score", "by features", "Most like it", "by features"):
        table.add_column(name)
    for row in rows:
        features = row["through_features"]
        table.add_row(
            escape(_quoted(row["token"])),
            signed(row["value"]),
            "–" if features is None else signed(features),
            escape(_quoted(row["like"])),
            "–" if features is None else escape(_quoted(row["like_through_features"])),
        )
    return table
