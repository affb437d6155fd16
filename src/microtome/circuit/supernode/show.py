"""Supernodes in the terminal, readable at 100 columns."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from microtome.circuit.supernode.grouping import Group, Grouping

_LISTED = 4
"""Members named of every supernode, the strongest first."""


def show_grouping(grouping: Grouping, console: Console) -> None:
    """Print quality, a row for every supernode, and how many features stand alone."""
    quality, made = grouping.quality, grouping.supernodes
    alone = len(grouping.groups) - len(made)
    console.print(f"\n[bold]Prompt[/]  {escape(grouping.pruned.graph.prompt.text)}")
    console.print(
        f"[bold]Quality[/] {quality.value:.3f}   [bold]kept[/] {quality.kept:.3f}, of random "
        f"groups {quality.random:.3f}, with the same layers {quality.random_in_layers:.3f}   "
        f"[bold]between[/] {quality.between:.3f}",
        highlight=False,
    )
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("supernode", max_width=40)
    table.add_column("features", justify="right")
    table.add_column("layers")
    table.add_column("influence", justify="right")
    table.add_column("members", max_width=30)
    for group in made:
        by = " (by hand)" if group.by_hand else ""
        table.add_row(
            escape(group.label + by),
            str(len(group.members)),
            _layers(grouping, group),
            f"{group.influence:.1%}",
            escape(_members(grouping, group)),
        )
    console.print(table)
    stand = "feature stands" if alone == 1 else "features stand"
    console.print(f"{alone or 'No'} {stand} alone.", highlight=False)


def grouping_summary(grouping: Grouping) -> dict:
    """What `show_grouping` prints, as JSON values."""
    quality, nodes = grouping.quality, grouping.pruned.graph.nodes
    return {
        "quality": quality.value,
        "beyond_layers": quality.beyond_layers,
        **vars(quality),
        "supernodes": [
            {
                "label": group.label,
                "members": [nodes.name(i) for i in group.members],
                "influence": group.influence,
                "by_hand": group.by_hand,
            }
            for group in grouping.supernodes
        ],
        "alone": len(grouping.groups) - len(grouping.supernodes),
    }


def _layers(grouping: Grouping, group: Group) -> str:
    nodes = grouping.pruned.graph.nodes
    found = sorted({int(nodes.layer[i]) for i in group.members if nodes.kind[i] == "feature"})
    if not found:
        return ""
    return str(found[0]) if len(found) == 1 else f"{found[0]}–{found[-1]}"


def _members(grouping: Grouping, group: Group) -> str:
    nodes, influence = grouping.pruned.graph.nodes, grouping.pruned.influence
    order = sorted(group.members, key=lambda i: -float(influence[i]))
    more = len(order) - _LISTED
    names = ", ".join(nodes.name(i) for i in order[:_LISTED])
    return f"{names} and {more} more" if more > 0 else names
