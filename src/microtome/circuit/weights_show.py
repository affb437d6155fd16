"""Global weights in the terminal, readable at 100 columns, and as JSON."""

from collections.abc import Callable, Sequence
from typing import Any

from rich.columns import Columns
from rich.console import Console
from rich.table import Table
from rich.text import Text

from microtome.circuit.weights import GlobalWeights, Link

Label = Callable[[int, int], str]
"""Words for a feature, by encoder and number; empty where there are none."""
TokenText = Callable[[int], str]

_MEANING = 38
_NOTES = {
    "corpus": "Corrected: expected edge where the target is active. Together: share of the "
    "target's active tokens on which the source is active too.",
    "atlas": "Corrected: expected edge where the target is active, without heads; known of the "
    "neighbours that the atlas lists, and only these are ranked.",
    "": "Most large virtual weights are interference between features that are never active "
    "together: give --corpus or --atlas to correct for it.",
}


def show_weights(found: GlobalWeights, label: Label, token: TokenText, console: Console) -> None:
    """Print inputs, outputs and logits of a feature."""
    words = label(found.encoder, found.feature)
    console.print(Text.assemble((found.name, "bold"), "  ", words))
    for title, links, share in (
        ("Inputs", found.inputs, found.interference[0]),
        ("Outputs", found.outputs, found.interference[1]),
    ):
        console.print(Text(f"\n{title}", style="bold"))
        if not links:
            console.print("none", style="dim")
            continue
        console.print(_table(links, label))
        if share is not None:
            console.print(
                Text(f"{share:.0%} of the largest direct weights are interference", style="dim")
            )
    for title, rows in (("Promotes", found.promoted), ("Suppresses", found.suppressed)):
        console.print(Text(f"\n{title}", style="bold"))
        console.print(Columns([Text(f"“{token(t)}” {v:+.2f}") for t, v in rows], padding=(0, 2)))
    console.print(Text("\n" + _NOTES[found.use.source if found.use else ""], style="dim"))


def _table(links: Sequence[Link], label: Label) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Feature", no_wrap=True)
    table.add_column("Meaning", max_width=_MEANING, no_wrap=True, overflow="ellipsis")
    for name in ("Virtual", "Heads", "Corrected", "Together"):
        table.add_column(name, justify="right", no_wrap=True)
    for link in links:
        table.add_row(
            link.name,
            Text(label(link.encoder, link.feature)),
            f"{link.virtual:+.3f}",
            _heads(link),
            "–" if link.corrected is None else f"{link.corrected:+.3f}",
            "–" if link.together is None else f"{link.together:.1%}",
        )
    return table


def _heads(link: Link) -> str:
    """What heads carry, and the head that carries most."""
    if not link.carriers:
        return "–"
    layer, head, _ = link.carriers[0]
    return f"{link.heads:+.3f} ({layer}.{head})"


def weights_document(found: GlobalWeights, label: Label, token: TokenText) -> dict[str, Any]:
    """What `show_weights` prints, as JSON values."""
    use = found.use

    def link(row: Link) -> dict[str, Any]:
        return {
            "feature": row.name,
            "label": label(row.encoder, row.feature),
            "virtual": row.virtual,
            "direct": row.direct,
            "heads": row.heads,
            "corrected": row.corrected,
            "together": row.together,
            "carriers": [{"layer": a, "head": b, "weight": w} for a, b, w in row.carriers],
        }

    def logits(rows: Sequence[tuple[int, float]]) -> list[dict[str, Any]]:
        return [{"token": token(t), "id": t, "weight": v} for t, v in rows]

    return {
        "feature": found.name,
        "label": label(found.encoder, found.feature),
        "corrected_from": use.source if use else None,
        "tokens": use.tokens if use else None,
        "mean_activation": use.mean if use else None,
        "inputs": [link(row) for row in found.inputs],
        "outputs": [link(row) for row in found.outputs],
        "interference": {"inputs": found.interference[0], "outputs": found.interference[1]},
        "promoted": logits(found.promoted),
        "suppressed": logits(found.suppressed),
    }
