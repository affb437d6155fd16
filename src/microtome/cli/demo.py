"""microtome demo: the main job on a model that is bundled."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    first: Annotated[int, typer.Argument(min=0, max=99, help="First operand.")] = 36,
    second: Annotated[int, typer.Argument(min=0, max=99, help="Second operand.")] = 59,
    dictionary: Annotated[
        str, typer.Option("--dictionary", "-d", help="specimen:adder, specimen:adder/plt, folder.")
    ] = "specimen:adder",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Save the graph here.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON summary.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing graph.")] = False,
) -> None:
    """Trace a sum in the bundled adder, with what each feature responds to."""
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
    with status("activating its features on all 100 x 100 sums", quiet=json):
        graph = label_features(graph, model, read)
    if out is not None:
        graph.save(out, force)
    print_graph(graph, json, out)
    if not json:
        typer.echo(
            "\nNext: trace your own model with\n"
            '  microtome trace MODEL "PROMPT" --dictionary DICT --out FOLDER'
        )
