"""A merged graph in the terminal, readable at 100 columns."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from microtome.artifact.printable import signed
from microtome.circuit.merge import Merged

_COMMON, _SPECIFIC, _EDGES = 12, 4, 8
"""Rows of each table."""


def show_merged(merged: Merged, console: Console) -> None:
    """Print the common circuit, its strongest edges, and what is special to each prompt."""
    nodes, prompts = merged.graph.nodes, merged.graph.info["merged"]["prompts"]
    common = [i for i in merged.common.tolist() if nodes.kind[i] == "feature"]
    share = float(merged.influence[common].sum(0).mean() / _of_features(merged).mean())
    console.print(
        f"\n[bold]{len(prompts)} prompts[/]   [bold]common circuit[/] {_counted(len(common))}, "
        f"{share:.0%} of the influence through features"
        + (f"; the {_COMMON} strongest:" if len(common) > _COMMON else ""),
        highlight=False,
    )
    table = _table("common feature", "meaning", "influence", "lowest", "highest")
    for i in common[:_COMMON]:
        values = merged.influence[i]
        shares = (values.mean(), values.min(), values.max())
        table.add_row(nodes.name(i), escape(nodes.label[i]), *(f"{float(v):.1%}" for v in shares))
    console.print(table)
    _show_edges(merged, console)
    for number, prompt in enumerate(prompts):
        own = [i for i in merged.specific(number).tolist() if nodes.kind[i] == "feature"]
        own.sort(key=lambda i, n=number: -float(merged.influence[i, n]))
        console.print(
            f"\n[bold]{escape(prompt)}[/]  {_counted(len(own))} of its own"
            + (f", the {_SPECIFIC} strongest:" if len(own) > _SPECIFIC else ""),
            highlight=False,
        )
        table = _table("feature", "meaning", "influence")
        for i in own[:_SPECIFIC]:
            influence = float(merged.influence[i, number])
            table.add_row(nodes.name(i), escape(nodes.label[i]), f"{influence:.1%}")
        if own:
            console.print(table)


def merge_summary(merged: Merged) -> dict:
    """What `show_merged` prints, as JSON values."""
    nodes, prompts = merged.graph.nodes, merged.graph.info["merged"]["prompts"]

    def named(index: list[int]) -> list[str]:
        return [nodes.name(i) for i in index if nodes.kind[i] == "feature"]

    return {
        "prompts": prompts,
        "nodes": len(nodes),
        "common": named(merged.common.tolist()),
        "specific": [named(merged.specific(i).tolist()) for i in range(len(prompts))],
        "edges": [
            {"source": source, "target": target, "mean": mean, "spread": spread}
            for source, target, mean, spread in common_edges(merged)
        ],
    }


def common_edges(merged: Merged, most: int = _EDGES) -> list[tuple[str, str, float, float]]:
    """Source, target, mean and spread of the strongest edges between common features, by the share
    of influence that they pass on."""
    graph = merged.graph
    inside = set(merged.common.tolist()) & set(graph.nodes.where("feature").tolist())
    rows = [r for r, node in enumerate(graph.rows.tolist()) if node in inside]
    columns = [c for c, node in enumerate(graph.columns.tolist()) if node in inside]
    if not rows or not columns:
        return []
    edges = graph.edges[rows][:, columns]
    through = graph.influence[graph.rows[rows]] / graph.mass[rows].clamp(min=1e-300)
    order = (edges.abs() * through[:, None]).flatten().argsort(descending=True, stable=True)
    found = []
    for at in order[:most].tolist():
        r, c = rows[at // len(columns)], columns[at % len(columns)]
        if float(graph.edges[r, c]):
            ends = graph.nodes.name(int(graph.columns[c])), graph.nodes.name(int(graph.rows[r]))
            found.append((*ends, float(graph.edges[r, c]), float(merged.spread[r, c])))
    return found


def _show_edges(merged: Merged, console: Console) -> None:
    edges = common_edges(merged)
    if not edges:
        return
    table = _table("edge between common features", "mean", "spread")
    wide = max(len(source) for source, *_ in edges)
    for source, target, mean, spread in edges:
        table.add_row(f"{source:<{wide}} → {target}", signed(mean, 3), f"{spread:.3f}")
    console.print(table)


def _counted(features: int) -> str:
    return f"{features} feature{'' if features == 1 else 's'}"


def _of_features(merged: Merged):
    return merged.influence[merged.graph.nodes.where("feature")].sum(0).clamp(min=1e-300)


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="dim")
    for name in columns:
        number = name in ("influence", "lowest", "highest", "mean", "spread")
        table.add_column(name, justify="right" if number else "left", max_width=50)
    return table
