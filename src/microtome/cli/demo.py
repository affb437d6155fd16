"""microtome demo: the main job on a model that is bundled."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from microtome.circuit import Graph


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    first: Annotated[int, typer.Argument(min=0, max=99, help="First operand.")] = 36,
    second: Annotated[int, typer.Argument(min=0, max=99, help="Second operand.")] = 59,
    dictionary: Annotated[
        str, typer.Option("--dictionary", "-d", help="specimen:adder, specimen:adder/plt, folder.")
    ] = "specimen:adder",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Save the graph here.")] = None,
    browser: Annotated[
        bool | None,
        typer.Option(
            "--browser/--no-browser",
            help="Open the viewer, or only print its address. Into a file or pipe neither, unless "
            "one of them is given.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Of the viewer; the first free one from 8300."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print a JSON summary, without the viewer.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing graph.")] = False,
) -> None:
    """Trace a sum in the bundled adder, then look at it in the viewer until Ctrl-C."""
    from microtome.artifact import check_output
    from microtome.circuit import trace
    from microtome.cli.progress import progress_bar, status
    from microtome.cli.report import print_graph
    from microtome.specimen import load_dictionary, load_model
    from microtome.specimen.adder.label import label_features
    from microtome.specimen.adder.world import prompt

    if out is not None:
        check_output(out, force, "graph")
    with status("loading specimen:adder", quiet=json):
        model = load_model("specimen:adder", device="cpu")
        read = load_dictionary(dictionary)
    with progress_bar("tracing", quiet=json) as advance:
        graph = trace(model, prompt(first, second), read, progress=advance)
    with status("labelling its features", quiet=json):
        graph = label_features(graph, model, read)
    if out is not None:
        graph.save(out, force)
    print_graph(graph, json, out)
    if json:
        return
    typer.echo(
        "\nNext: trace your own model with\n"
        '  microtome trace MODEL "PROMPT" --dictionary DICT --out FOLDER'
    )
    at_terminal = sys.stdout.isatty() and sys.stdin.isatty()
    if at_terminal or browser is not None:
        name = f"{first}-plus-{second}-{read.kind}-{read.fingerprint[:6]}"
        _serve(graph, name, browser is not False, port)


def _serve(graph: "Graph", name: str, browser: bool, port: int | None) -> None:
    """Show the graph in the viewer until Ctrl-C."""
    from microtome.server import Address, entry_id, serve
    from microtome.viewer import app_folder

    app_folder()
    folder = demo_folder()
    path = folder / "graphs" / name
    keep_graph(graph, path)
    # nothing of the demo is on the hub
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    page = f"#/graph/{entry_id(path)}"

    def announce(address: Address) -> None:
        typer.echo(
            f"\nThe viewer shows this graph at\n  {address.page(page)}\n"
            f"What you write and save there is kept in {folder}. Ctrl-C ends it."
        )

    serve([folder], port=port, browser=browser, open_path=page, started=announce)


def demo_folder() -> Path:
    """Where the demo keeps its graphs, and what people write about them: with the user's data."""
    if given := os.environ.get("XDG_DATA_HOME"):
        data = Path(given)
    elif sys.platform == "win32":
        data = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        data = Path.home() / "Library" / "Application Support"
    else:
        data = Path.home() / ".local" / "share"
    return data / "microtome" / "demo"


def keep_graph(graph: "Graph", path: Path) -> None:
    """Save the demo's graph; pins and groups that were saved with an earlier one stay with it."""
    from microtome.circuit import load_graph
    from microtome.circuit.artifact import load_state, save_state
    from microtome.errors import MicrotomeError

    try:
        before = load_graph(path)
    except MicrotomeError:
        before = None
    if before is not None and before.nodes.label == graph.nodes.label and before.info == graph.info:
        return
    try:
        state = load_state(path)
    except MicrotomeError:
        state = None
    graph.save(path, force=True)
    if state is not None:
        save_state(path, state)
