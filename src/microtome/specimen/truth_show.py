"""What is known of a specimen, for a reader at a terminal."""

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from torch import Tensor

from microtome.specimen.truth import Edge, Truth, Variable

_VALUES = 4
"""Values of a variable that are spelled out."""


def show_truth(truth: Truth, tensors: Mapping[str, Tensor], console: Console) -> None:
    """Print variables with their sites, the circuit's edges, behaviours; of a synthetic truth its
    directions."""
    console.print(f"[bold]{escape(truth.specimen)}[/]  {truth.kind}", highlight=False)
    if truth.about:
        console.print(escape(truth.about), highlight=False)
    if truth.kind == "synthetic":
        _show_synthetic(tensors, console)
    if truth.variables:
        _show_variables(truth.variables, console)
    if truth.edges:
        _show_edges(truth.edges, console)
    if truth.behaviours:
        _show_behaviours(truth, console)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, header_style="dim", overflow="fold", no_wrap=column == "site")
    return table


def _show_synthetic(tensors: Mapping[str, Tensor], console: Console) -> None:
    n, d = tensors["directions"].shape
    often, children = tensors["probability"], int((tensors["parent"] >= 0).sum())
    facts = {
        "directions": f"{n:,} in {d:,} dimensions",
        "active": f"{float(often.sum()):.3g} on a token, on average",
        "frequency": f"from {float(often.min()):.2%} to {float(often.max()):.2%} of tokens",
        "children": f"{children:,} fire only where their parent does",
    }
    if "activations" in tensors:
        firings, rows = len(tensors["firing_row"]), len(tensors["activations"])
        facts["sample"] = f"{firings:,} firings on {rows:,} tokens"
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in facts.items():
        table.add_row(f"[dim]{name}[/]", value)
    console.print(table, highlight=False)


def _show_variables(variables: list[Variable], console: Console) -> None:
    console.print()
    table = _table(f"{len(variables)} variables", "name", "site", "values", "known by", "about")
    for variable in variables:
        known = [name for name in ("directions", "labels") if getattr(variable, name) is not None]
        table.add_row(
            escape(variable.name),
            variable.site,
            escape(_values(variable.values)),
            ", ".join(known),
            escape(variable.about),
        )
    console.print(table, highlight=False)


def _values(values: list[str]) -> str:
    shown = ", ".join(values[:_VALUES])
    return shown if len(values) <= _VALUES else f"{len(values)}: {shown}, …"


def _show_edges(edges: list[Edge], console: Console) -> None:
    console.print()
    table = _table(f"{len(edges)} edges", "from", "to", "by")
    for edge in edges:
        table.add_row(escape(edge.source), escape(edge.target), _by(edge))
    console.print(table, highlight=False)


def _by(edge: Edge) -> str:
    if edge.layer is None:
        return f"the {edge.via}"
    if edge.via == "selection":
        who = "attention" if edge.head is None else f"head {edge.head}"
        return f"selection of {who} of layer {edge.layer}"
    what = edge.via if edge.head is None else f"head {edge.head}"
    return f"{what} of layer {edge.layer}"


def _expected(expected: Mapping[str, str]) -> list[str]:
    """What is expected, with the stages it is expected of; every one in a line of its own."""
    stages: dict[str, list[str]] = {}
    for stage, text in expected.items():
        stages.setdefault(text, []).append(stage)
    return [f"{', '.join(of)}: {text}" for text, of in stages.items()]


def _show_behaviours(truth: Truth, console: Console) -> None:
    console.print()
    table = _table(f"{len(truth.behaviours)} behaviours", "name", "items", "held out", "expected")
    for behaviour in truth.behaviours:
        about = [behaviour.about] if behaviour.about else []
        table.add_row(
            escape(behaviour.name),
            f"{len(behaviour.items):,}",
            f"{sum(item.held_out for item in behaviour.items):,}",
            escape("\n".join([*about, *_expected(behaviour.expected)])),
        )
    console.print(table, highlight=False)
