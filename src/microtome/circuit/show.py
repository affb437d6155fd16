"""A graph in the terminal, readable at 100 columns."""

from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from microtome.artifact.printable import signed
from microtome.circuit.graph import Graph
from microtome.circuit.summary import (
    FeatureSummary,
    Link,
    Path,
    positions,
    strongest_paths,
    top_features,
)

WIDE = 96
"""Columns below which links out and bars are left out, so that no number is cut."""

_BAR, _TOKEN = 16, 10
"""Characters of the longest bar, and of a token beside it: together with the numbers, `WIDE`."""

POSITIVE, NEGATIVE = "blue", "dark_orange"
"""Colours of signs: told apart by colour-blind readers, and never without the sign itself."""


def show_graph(graph: Graph, console: Console | None = None, features: int = 12) -> None:
    """Print a graph: targets, scores, top features, strongest paths, errors by position."""
    console = console or Console(width=None)
    console.print(Group(*render(graph, features, wide=console.width >= WIDE)))


def render(graph: Graph, features: int = 12, wide: bool = True) -> list:
    """The parts of the terminal view, as rich renderables; narrow terminals get fewer columns."""
    return [
        _title(graph),
        _targets(graph),
        _scores(graph),
        *_warnings(graph),
        _section("Features with most influence", _features(graph, features, wide)),
        Text(" from, to: sign of the edge, and its share of all that its receiver gets", "dim"),
        _section("Strongest paths from tokens through features", _paths(graph)),
        _section("Where influence starts", _positions(graph, wide)),
    ]


def _section(title: str, table: Table) -> Group:
    return Group(Text(f"\n{title}", style="bold"), table)


def _title(graph: Graph) -> Text:
    text = Text("\nPrompt  ", style="bold")
    for i, string in enumerate(graph.prompt.strings):
        text.append("│" if i else "", style="dim")
        text.append(_visible(string), style="not bold")
    return text


def _visible(string: str) -> str:
    """A token on one line; its leading space, which tells it from another token, stays."""
    return string.replace("\n", "⏎").replace("\t", "⇥") or "␣"


def _cut(string: str) -> str:
    return string if len(string) <= _TOKEN else string[: _TOKEN - 1] + "…"


def _targets(graph: Graph) -> Text:
    asked = [int(graph.rows[r]) for r in (graph.weights > 0).nonzero()[:, 0].tolist()]
    logits = all(graph.nodes.kind[i] == "logit" for i in asked)
    text = Text("Answer  " if logits else "Target  ", style="bold")
    asked.sort(key=lambda i: -float(graph.nodes.probability[i].nan_to_num(1.0)))
    for i in asked[:10]:
        kind, label = graph.nodes.kind[i], _visible(graph.nodes.label[i])
        if kind == "logit":
            text.append(f"“{label}” ", style="not bold")
            text.append(f"{float(graph.nodes.probability[i]):.1%}   ")
        elif kind == "feature":
            text.append(f"{graph.nodes.name(i)} ")
            text.append(f"activation {float(graph.nodes.activation[i]):.2f}   ", style="not bold")
        else:
            text.append(f"{label}   ", style="not bold")
    return text


def _scores(graph: Graph) -> Table:
    scores, info = graph.scores, graph.info
    table = Table.grid(padding=(0, 3))
    expanded = sum(graph.nodes.kind[c] == "feature" for c in graph.columns.tolist())
    active, fvu = info.get("active_features"), info.get("fvu")
    residual = scores.worst_residual
    table.add_row(
        f"[bold]Replacement score[/] {scores.replacement:.3f}",
        f"[bold]Completeness[/] {scores.completeness:.3f}",
        "[bold]Worst residual[/] " + ("unknown" if residual != residual else f"{residual:.1e}"),
    )
    table.add_row(
        f"[bold]Features[/] {expanded:,}" + ("" if active is None else f" of {active:,} active"),
        f"[bold]Edges[/] {int((graph.edges != 0).sum()):,}",
        "" if fvu is None else f"[bold]MLP variance unexplained[/] {fvu:.1%}",
    )
    table.add_row(
        f"[bold]Model[/] {escape(str(info.get('model', 'unknown')))}",
        f"[bold]Dictionary[/] {escape(str(info.get('dictionary', 'unknown')))}",
        f"[bold]Unexpanded influence[/] {scores.unexpanded:.1%}" if scores.unexpanded else "",
    )
    return table


def _warnings(graph: Graph) -> list[Text]:
    found = list(graph.info.get("warnings", []))
    if "neuronpedia" in graph.info:
        found.append("from a pruned file: scores count only what was kept, and come out higher")
    return [Text(f"Note: {warning}", style="bold yellow") for warning in found]


def _node(graph: Graph, i: int) -> str:
    """A node in a few characters: L2/127@4, "36"@1, error L3@4."""
    kind, position = graph.nodes.kind[i], int(graph.nodes.position[i])
    if kind == "token":
        return f"“{_visible(graph.nodes.label[i])}”@{position}"
    if kind == "logit":
        return f"⇒“{_visible(graph.nodes.label[i])}”"
    if kind == "direction":
        return f"⇒{graph.nodes.label[i]}"
    if kind == "unexpanded":
        return "unexpanded"
    return graph.nodes.name(i)


def _signed(weight: float, text: str) -> str:
    sign, colour = ("+", POSITIVE) if weight >= 0 else ("−", NEGATIVE)
    return f"[{colour}]{sign}[/]{escape(text)}"


def _links(graph: Graph, links: tuple[Link, ...]) -> str:
    return "\n".join(
        _signed(link.weight, f"{_node(graph, link.node)} {link.share:.0%}") for link in links
    )


def _number(value: float) -> str:
    colour = POSITIVE if value >= 0 else NEGATIVE
    return f"[{colour}]{signed(value)}[/]"


def _features(graph: Graph, n: int, wide: bool) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 1))
    summaries = top_features(graph, n, links=2)
    labelled = any(graph.nodes.label[f.node] for f in summaries)
    table.add_column("feature", no_wrap=True)
    table.add_column("at", no_wrap=True)
    table.add_column("active", justify="right", no_wrap=True)
    table.add_column("influence", justify="right", no_wrap=True)
    table.add_column("effect", justify="right", no_wrap=True)
    if labelled:
        table.add_column("means", max_width=28)
    table.add_column("from", no_wrap=True)
    if wide:
        table.add_column("to", no_wrap=True)
    for summary in summaries:
        row = _feature_row(graph, summary, labelled)
        table.add_row(*(row if wide else row[:-1]))
    return table


def _feature_row(graph: Graph, summary: FeatureSummary, labelled: bool) -> list[str]:
    i = summary.node
    position = int(graph.nodes.position[i])
    string = graph.prompt.strings[position] if position < len(graph.prompt.strings) else ""
    row = [
        f"L{int(graph.nodes.layer[i])}/{int(graph.nodes.feature[i])}",
        escape(f"{position} “{_visible(string)}”"),
        f"{float(graph.nodes.activation[i]):.2f}",
        f"{summary.influence:.1%}",
        _number(summary.target_effect),
    ]
    if labelled:
        row.append(escape(graph.nodes.label[i]))
    return [*row, _links(graph, summary.inputs), _links(graph, summary.outputs)]


def _paths(graph: Graph) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 1), show_header=False)
    table.add_column("share", justify="right", no_wrap=True)
    table.add_column("path")
    for path in strongest_paths(graph):
        table.add_row(f"{path.share:.1%}", _path(graph, path))
    return table


def _path(graph: Graph, path: Path) -> str:
    parts = [escape(_node(graph, path.nodes[0]))]
    for node, weight in zip(path.nodes[1:], path.weights, strict=True):
        sign, colour = ("+", POSITIVE) if weight >= 0 else ("−", NEGATIVE)
        parts.append(f"[{colour}]─{sign}→[/] {escape(_node(graph, node))}")
    return " ".join(parts)


def _positions(graph: Graph, wide: bool) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 1))
    names = ("position", "token", "features", "direct", "from token", "from errors", "error share")
    for name in names:
        table.add_column(name, justify="left" if name == "token" else "right", no_wrap=True)
    if wide:
        table.add_column("█ token ░ errors", no_wrap=True)
    rows = positions(graph)
    largest = max((row.token + row.error for row in rows), default=1) or 1
    order = sorted(rows, key=lambda row: -(row.token + row.error))[:16]
    for row in sorted(order, key=lambda row: row.position):
        total = row.token + row.error
        whole, from_token = round(_BAR * total / largest), round(_BAR * row.token / largest)
        bar = f"[{POSITIVE}]{'█' * from_token}[/][{NEGATIVE}]{'░' * (whole - from_token)}[/]"
        cells = [
            str(row.position),
            escape(_cut(_visible(graph.prompt.strings[row.position]))),
            str(row.features),
            _number(row.direct),
            f"{row.token:.1%}",
            f"{row.error:.1%}",
            f"{row.error / total:.0%}" if total else "–",
        ]
        table.add_row(*cells, *([bar] if wide else []))
    if len(rows) > len(order):
        table.caption = f"the {len(order)} positions with most influence, of {len(rows)}"
        table.caption_justify = "left"
    return table
