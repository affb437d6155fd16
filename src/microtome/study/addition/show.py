"""The addition study in a terminal."""

from rich.console import Console
from rich.table import Table

from microtome.study.addition.document import AdditionStudy

_STYLES = {"holds": "green", "partly": "yellow", "fails": "red"}


def show_addition(study: AdditionStudy, console: Console) -> None:
    """Print the claims with their figures, and what the paths consist of."""
    console.print(
        f"{study.model}, {study.dictionary}: {study.options.pairs} held-out pairs",
        markup=False,
        highlight=False,
    )
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("", "the account says", "measured", "control", "verdict"):
        table.add_column(name)
    for claim in study.claims:
        style = _STYLES[claim.verdict]
        table.add_row(
            f"({claim.part})",
            claim.says,
            str(claim.measured),
            f"{claim.control.value:.0%} {claim.versus}",
            f"[{style}]{claim.verdict}[/{style}]",
        )
    console.print(table)
    layers = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("layer", "alive", "lookup", "ones", "magnitude", "exact", "mixed"):
        layers.add_column(name, justify="right")
    for row in study.responses.layers:
        of = {"lookup": 0, "ones": 0, "size": 0, "exact": 0, "mixed": 0}
        for kind, count in row.counts.items():
            of[kind.split()[0]] += count
        layers.add_row(str(row.layer), str(row.alive), *map(str, of.values()))
    console.print(layers)
