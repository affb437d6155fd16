"""microtome merge: graphs of several prompts as one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from microtome.circuit.merge import Merged


def register(app: typer.Typer) -> None:
    app.command("merge")(merge)


def merge(
    graphs: Annotated[list[Path], typer.Argument(help="Graph folders, two or more.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Save the merged graph here.")],
    align: Annotated[
        Literal["start", "end"], typer.Option(help="From where positions are matched.")
    ] = "start",
    json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing graph.")] = False,
) -> None:
    """Merge graphs of several prompts: the common circuit, and what is special to each."""
    import json as json_format

    from microtome.artifact import check_output
    from microtome.circuit import load_graph
    from microtome.circuit.merge import merge as merge_graphs
    from microtome.circuit.show_merge import merge_summary, show_merged
    from microtome.cli.console import stdout
    from microtome.cli.progress import status

    check_output(out, force, "graph")
    with status("merging", quiet=json):
        merged: Merged = merge_graphs([load_graph(path) for path in graphs], align)
        merged.graph.save(out, force)
    if json:
        typer.echo(json_format.dumps(merge_summary(merged) | {"saved": str(out)}))
        return
    show_merged(merged, stdout())
    typer.echo(f"\nSaved to {out}. Look at it with: microtome serve {out}")
