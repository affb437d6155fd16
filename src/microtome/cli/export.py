"""microtome export: a graph for the public viewers, or what one looks at as one HTML file."""

from pathlib import Path
from typing import Annotated

import typer

from microtome.errors import MicrotomeError


def register(app: typer.Typer) -> None:
    app.command("export")(export)


def export(
    path: Annotated[
        str, typer.Argument(help="A graph; with --html also an atlas, evaluation or run.")
    ],
    out: Annotated[
        Path | None, typer.Argument(help="The .json file to write, for the public viewers.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="The .html file to write: it needs no server.")
    ] = None,
    feature: Annotated[str | None, typer.Option(help="Of an atlas, such as L3/127.")] = None,
    atlas: Annotated[
        str | None, typer.Option(help="Of the graph's dictionary: its pages go along.")
    ] = None,
    nodes: Annotated[float, typer.Option(help="Share of influence whose nodes are kept.")] = 0.8,
    edges: Annotated[float, typer.Option(help="Share of edge influence that is kept.")] = 0.98,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a graph as Neuronpedia JSON, or a graph, feature, evaluation or run as one HTML file.

    The JSON is of the pruned graph, and is indexed in graph-metadata.json beside it.
    """
    if (out is None) == (html is None):
        raise MicrotomeError(
            "export writes one file: name a .json file for the public viewers, or --html FILE"
        )
    if html is not None:
        _write_html(path, html, feature, atlas, nodes, edges, force)
    elif feature is not None or atlas is not None:
        raise MicrotomeError("--feature and --atlas go with --html")
    elif out is not None:
        _write_json(Path(path), out, nodes, edges, force)


def _write_json(path: Path, out: Path, nodes: float, edges: float, force: bool) -> None:
    from microtome.circuit import load_graph, prune
    from microtome.circuit.artifact import load_state
    from microtome.circuit.neuronpedia import write_neuronpedia
    from microtome.circuit.state import with_state

    graph = load_graph(path)
    if path.is_dir() and (state := load_state(path)) is not None:
        graph = with_state(graph, state)
    document = write_neuronpedia(prune(graph, nodes, edges), out, force=force)
    typer.echo(f"{out}: {len(document['nodes'])} nodes, {len(document['links'])} links")


def _write_html(
    path: str,
    html: Path,
    feature: str | None,
    atlas: str | None,
    nodes: float,
    edges: float,
    force: bool,
) -> None:
    from microtome.artifact.whole import whole_file
    from microtome.cli.html_document import html_document
    from microtome.cli.progress import status
    from microtome.viewer import html_page

    if html.suffix not in (".html", ".htm") or html.is_dir():
        raise MicrotomeError(f"output {html} is not a name for a page, such as answer.html")
    if html.exists() and not force:
        raise MicrotomeError(f"output file {html} exists; pass --force to replace it")
    with status("reading"):
        document, title = html_document(path, feature, atlas, nodes, edges)
    text = html_page(document, title)
    whole_file(html, text)
    size = f"{len(text.encode()) / 1e6:.1f} MB"
    typer.echo(", ".join([f"{html}: {document['kind']} “{title}”", *_counts(document), size]))


def _counts(document: dict) -> list[str]:
    """How much of a graph there is."""
    if document["kind"] != "graph":
        return []
    shown, pages = document["graph"], document["features"]
    return [
        f"{len(shown.nodes.id)} nodes",
        f"{len(shown.edges.weight)} edges",
        *([f"pages of {len(pages)} features"] if pages else []),
    ]
