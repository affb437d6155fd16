"""microtome study: published findings put to a specimen, with controls."""

from pathlib import Path
from typing import Annotated

import typer

_study = typer.Typer(no_args_is_help=True, help="Put a published finding to the test.")


def register(app: typer.Typer) -> None:
    app.add_typer(_study, name="study")


@_study.command("addition")
def addition(
    dictionary: Annotated[
        str, typer.Option("--dictionary", "-d", help="Of the adder: its CLT, or another.")
    ] = "specimen:adder",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Save JSON and an HTML report here.")
    ] = None,
    prompts: Annotated[
        int, typer.Option(min=10, max=1000, help="Held-out pairs that are intervened on.")
    ] = 200,
    seed: Annotated[int, typer.Option(help="Of pairs and random features.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing study.")] = False,
) -> None:
    """Does the adder add along two paths, one for the ones digit and one for the size?"""
    from microtome.artifact import check_output
    from microtome.cli.console import stdout
    from microtome.cli.progress import stage_bar, status
    from microtome.specimen import load_dictionary, load_model
    from microtome.study import AdditionOptions, addition_study, save_addition
    from microtome.study.addition.save import KIND, REPORT
    from microtome.study.addition.show import show_addition

    if out is not None:
        check_output(out, force, KIND)
    with status("loading", quiet=json):
        model = load_model("specimen:adder", "cpu")
        read = load_dictionary(dictionary)
    with stage_bar(quiet=json) as advance:
        found = addition_study(model, read, AdditionOptions(pairs=prompts, seed=seed), advance)
    if out is not None:
        save_addition(found, out, force)
    if json:
        typer.echo(found.model_dump_json())
        return
    show_addition(found, stdout())
    if out is not None:
        typer.echo(f"Saved to {out}; open {out / REPORT}")
