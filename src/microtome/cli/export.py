"""microtome export: a graph in the format of the public viewers."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("export")(export)


def export(
    graph: Annotated[Path, typer.Argument(help="A graph folder.")],
    out: Annotated[Path, typer.Argument(help="The .json file to write.")],
    nodes: Annotated[float, typer.Option(help="Share of influence whose nodes are kept.")] = 0.8,
    edges: Annotated[float, typer.Option(help="Share of edge influence that is kept.")] = 0.98,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a pruned graph as Neuronpedia JSON, and index it in graph-metadata.json beside it."""
    from microtome.circuit import load_graph, prune
    from microtome.circuit.neuronpedia import write_neuronpedia

    pruned = prune(load_graph(graph), nodes, edges)
    document = write_neuronpedia(pruned, out, force=force)
    typer.echo(f"{out}: {len(document['nodes'])} nodes, {len(document['links'])} links")
