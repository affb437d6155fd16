"""microtome specimen truth: what is known of a specimen."""

from typing import Annotated

import typer

from microtome.errors import MicrotomeError


def register(group: typer.Typer) -> None:
    group.command("truth")(truth)


def truth(
    name: Annotated[
        str | None, typer.Argument(help="A specimen, a variant of one, or the folder of a truth.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print truth.json.")] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of truth.json instead.")
    ] = False,
) -> None:
    """What is known of a specimen: variables and where they live, the true circuit, behaviours."""
    import json as writer

    from microtome.cli.console import stdout
    from microtome.specimen.load import load_truth
    from microtome.specimen.truth import truth_schema
    from microtome.specimen.truth_name import truth_name

    if schema:
        typer.echo(writer.dumps(truth_schema(), indent=1))
        return
    if name is None:
        raise MicrotomeError("name a specimen, such as specimen:synthetic; see specimen list")
    found, tensors = load_truth(truth_name(name))
    if json:
        typer.echo(found.model_dump_json(indent=1))
        return
    from microtome.specimen.truth_show import show_truth

    show_truth(found, tensors, stdout())
