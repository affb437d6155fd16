"""microtome show: a saved graph in the terminal."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("show")(show)


def show(
    path: Annotated[Path, typer.Argument(help="A graph folder, or a Neuronpedia graph .json.")],
    features: Annotated[int, typer.Option(min=1, help="How many features to list.")] = 12,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON summary.")] = False,
) -> None:
    """Show a graph: top features, strongest paths, error share per position, scores."""
    from microtome.circuit import load_graph
    from microtome.cli.report import print_graph

    print_graph(load_graph(path), json, features=features)
