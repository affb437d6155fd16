"""microtome group: the features of a saved graph grouped by role."""

from pathlib import Path
from typing import Annotated

import typer

from microtome.errors import MicrotomeError


def register(app: typer.Typer) -> None:
    app.command("group")(group)


def group(
    graph: Annotated[Path, typer.Argument(help="A graph folder.")],
    atlas: Annotated[
        str | None, typer.Option("--atlas", "-a", help="Of the dictionary: statistics and labels.")
    ] = None,
    dictionary: Annotated[
        str | None, typer.Option("--dictionary", "-d", help="The graph's: its geometry.")
    ] = None,
    groups: Annotated[
        int | None, typer.Option(min=1, help="How many groups (default: of highest quality).")
    ] = None,
    across_positions: Annotated[
        bool, typer.Option("--across-positions", help="Also group features of several tokens.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace other automatic groups; never those of people.")
    ] = False,
) -> None:
    """Group features that play one role into supernodes, and keep them with the graph."""
    import json as json_format

    from microtome.circuit import load_graph, load_state, prune, save_state
    from microtome.circuit.supernode import GroupOptions
    from microtome.circuit.supernode import group as group_features
    from microtome.circuit.supernode.keep import is_automatic
    from microtome.circuit.supernode.show import grouping_summary, show_grouping
    from microtome.circuit.view import ViewState
    from microtome.cli.console import stdout
    from microtome.cli.progress import status
    from microtome.specimen.load import load_atlas, load_dictionary

    if graph.is_file():
        raise MicrotomeError(
            f"{graph} is a file, and groups are kept in graph folders only; trace the prompt with "
            f"--out to have one"
        )
    with status("grouping", quiet=json):
        loaded = load_graph(graph)
        before = load_state(graph)
        known = load_atlas(atlas) if atlas else None
        read = load_dictionary(dictionary) if dictionary else None
        shown = before or ViewState()
        pruned = prune(loaded, shown.node_threshold, shown.edge_threshold)
        options = GroupOptions(groups, across_positions)
        grouping = group_features(pruned, read, known, options, before)
        after = grouping.state(before)
    earlier = {s.id for s in shown.supernodes if is_automatic(s)}
    if earlier and not earlier <= {s.id for s in after.supernodes} and not force:
        raise MicrotomeError(
            f"{graph} has other automatic groups; pass --force to replace them (groups that people "
            f"made or changed stay)"
        )
    save_state(graph, after)
    if json:
        typer.echo(json_format.dumps(grouping_summary(grouping)))
    else:
        show_grouping(grouping, stdout())
