"""Two dictionaries side by side in the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from microtome.evaluation.compare import ActiveFeature, Comparison
from microtome.evaluation.flips import Flips
from microtome.evaluation.show import number
from microtome.evaluation.stability import TWIN


def show_comparison(c: Comparison, console: Console) -> None:
    """The active features of both on one text; a star marks one that the other side has too."""
    a, b = (escape(name[-32:]) for name in c.names)
    console.print(
        f"\nA = [bold]{a}[/], B = [bold]{b}[/]; ENCODER/FEATURE:activation, largest first, and "
        f"how many more; * has a twin on the other side (decoder cosine > {TWIN}); error = "
        f"||x - xhat||² / ||x||²",
        highlight=False,
    )
    for site in dict.fromkeys(cell.site for cell in c.cells):
        table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
        for column in ("token", "A", "error", "B", "error"):
            right = column == "error"
            table.add_column(
                column, justify="right" if right else "left", overflow="fold", no_wrap=right
            )
        for cell in (cell for cell in c.cells if cell.site == site):
            sides = []
            for features, active, error in zip(cell.features, cell.active, cell.error, strict=True):
                sides += [_features(features, active), f"{error:.2f}"]
            token = c.tokens[cell.position].replace("\n", "⏎")
            table.add_row(f"{cell.position} [bold]{escape(token)}[/]", *sides)
        console.print(f"\n[bold]{escape(site)}[/]")
        console.print(table, highlight=False)


def _features(features: Sequence[ActiveFeature], active: int) -> str:
    shown = [f"{f.encoder}/{f.feature}:{f.activation:.2g}{'*' if f.twin else ''}" for f in features]
    more = active - len(features)
    return " ".join([*shown, f"[dim]+{more}[/]"] if more > 0 else shown)


def show_flips(f: Flips, console: Console) -> None:
    """Where ablating the site flips a right answer, and which side puts it right."""
    a, b = (number(share, 2) for share in f.restored)
    console.print(
        f"\n[bold]{escape(f.site)}[/]: of {f.right:,} right predictions ({f.predictions:,} in "
        f"all) zero-ablation flips {f.flipped:,}; A restores {a} of them, B {b}",
        highlight=False,
    )
    if not f.examples:
        return
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for column in ("text", "answer", "ablated", "p clean", "ablated", "A", "B"):
        left = column == "text"
        table.add_column(column, overflow="ellipsis", no_wrap=True, max_width=36 if left else None)
    for flip in f.examples:
        sides = [
            f"[{'green' if right else 'red'}]{p:.2f}[/]"
            for p, right in zip(flip.spliced, flip.restored, strict=True)
        ]
        table.add_row(
            escape(flip.text[-36:].replace("\n", "⏎")),
            escape(repr(flip.answer)),
            escape(repr(flip.ablated_answer)),
            f"{flip.clean:.2f}",
            f"{flip.ablated:.2f}",
            *sides,
        )
    console.print(table, highlight=False)
