"""Global weights in the terminal, readable at 100 columns, and as JSON."""

from collections.abc import Callable, Sequence
from typing import Any

from rich.columns import Columns
from rich.console import Console
from rich.table import Table
from rich.text import Text

from microtome.artifact.printable import signed
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
        console.print(Columns([Text(f"“{token(t)}” {signed(v)}") for t, v in rows], padding=(0, 2)))
    console.print(Text("\n" + _NOTES[found.use.source if found.use else ""], style="dim"))


def _table(links: Sequence[Link], label: Label) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Feature", no_wrap=True)
    columns: dict[str, list[str]] = {
        "Meaning": [label(link.encoder, link.feature) for link in links],
        "Virtual": [signed(link.virtual, 3) for link in links],
        "Heads": [_heads(link) for link in links],
        "Corrected": ["" if x.corrected is None else signed(x.corrected, 3) for x in links],
        "Together": ["" if x.together is None else f"{x.together:.1%}" for x in links],
    }
    known = {name: cells for name, cells in columns.items() if any(cells)}
    for name in known:
        words = name == "Meaning"
        width = _MEANING if words else None
        justify = "left" if words else "right"
        table.add_column(name, justify=justify, max_width=width, no_wrap=True, overflow="ellipsis")
    for link, *cells in zip(links, *known.values(), strict=True):
        table.add_row(link.name, *(Text(cell or "–") for cell in cells))
    return table


def _heads(link: Link) -> str:
    """What heads carry, and the head that carries most."""
    if not link.carriers:
        return "–"
    layer, head, _ = link.carriers[0]
    return f"{signed(link.heads, 3)} ({layer}.{head})"


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
