"""microtome evaluate: dictionaries on held-out text, beside baselines."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("evaluate")(evaluate)


def evaluate(
    dictionaries: Annotated[list[str], typer.Argument(help="Hub names or folders, of one model.")],
    model: Annotated[str, typer.Option("--model", "-m", help="Hub name, folder, specimen:adder.")],
    corpus: Annotated[str, typer.Option("--corpus", "-c", help="File, folder or hub dataset.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Save JSON, plots and an HTML report here.")
    ] = None,
    baselines: Annotated[bool, typer.Option(help="Measure the four baselines too.")] = True,
    held_out: Annotated[
        float | None,
        typer.Option(help="Share of documents held out (default: as the dictionaries say)."),
    ] = None,
    field: Annotated[str, typer.Option(help="Field of the corpus with the text.")] = "text",
    tokens: Annotated[int, typer.Option(min=1, help="Held-out tokens, at most.")] = 50_000,
    context: Annotated[int, typer.Option(min=2, help="Tokens of a document, at most.")] = 256,
    probe: Annotated[
        list[Path] | None, typer.Option(help="Labelled texts (.jsonl: text, label); repeatable.")
    ] = None,
    other: Annotated[
        str | None, typer.Option(help="Second model, of crosscoders with sites in two.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or mps.")] = None,
    any_model: Annotated[
        bool, typer.Option("--any-model", help="Accept dictionaries of another model.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing report.")] = False,
) -> None:
    """Say how well dictionaries stand in for the model, on text they were not trained on.

    Under torchrun the processes share the text.
    """
    from microtome.artifact import check_output
    from microtome.cli.progress import progress_bar, status
    from microtome.evaluation import Options, evaluate_corpus, read_labelled, save_evaluations
    from microtome.evaluation.save import KIND
    from microtome.model.load import best_device
    from microtome.specimen import load_dictionary, load_model
    from microtome.training.distributed import close_mesh, open_mesh

    if out is not None:
        check_output(out, force, KIND)
    labelled = {path.stem: read_labelled(path) for path in probe or []}
    mesh = open_mesh(1, device or best_device())
    quiet = json or not mesh.first
    with status("loading", quiet=quiet):
        loaded = load_model(model, device)
        second = load_model(other, device) if other else None
        read = [load_dictionary(name) for name in dictionaries]
    options = Options(baselines=baselines, labelled=labelled, any_model=any_model)
    with progress_bar("evaluating", quiet=quiet) as advance:
        found = evaluate_corpus(
            loaded, read, corpus, held_out, context, tokens, options, advance, second, field
        )
    first = mesh.first
    close_mesh(mesh)
    if not first:
        return
    if out is not None:
        config = {"corpus": corpus, "held_out": held_out, "tokens": tokens, "context": context}
        save_evaluations(found, out, config, force)
    _print(found, out, json)


def _print(found: list, out: Path | None, as_json: bool) -> None:
    import json

    from microtome.cli.console import stdout
    from microtome.evaluation.export import to_json
    from microtome.evaluation.show import show

    if as_json:
        typer.echo(json.dumps([to_json(e) for e in found], allow_nan=False))
        return
    console = stdout()
    show(found, console)
    if out is not None:
        line = f"Saved to {out}; open {out / 'report.html'}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
