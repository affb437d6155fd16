"""microtome specimen atlas: the atlas of a specimen's dictionary, labelled by what is known."""

from pathlib import Path
from typing import Annotated

import typer

from microtome.errors import MicrotomeError


def register(group: typer.Typer) -> None:
    group.command("atlas")(atlas)


def atlas(
    name: Annotated[str, typer.Argument(help="Which specimen: adder.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the atlas.")],
    dictionary: Annotated[
        str | None,
        typer.Option("--dictionary", "-d", help="Another dictionary of it: specimen:adder/plt."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing atlas.")] = False,
) -> None:
    """Build the atlas of a specimen's dictionary, labelled with what is known of its world; an
    interrupted build goes on."""
    from microtome.artifact import check_output
    from microtome.artifact.interrupt import Interrupted
    from microtome.cli.progress import stage_bar
    from microtome.specimen.adder.atlas import build_adder_atlas
    from microtome.specimen.load import PREFIX, load_dictionary, load_model
    from microtome.specimen.registry import find_specimen

    if find_specimen(name).name != "adder":
        raise MicrotomeError(
            f"the atlas of {name} needs no command of its own; see microtome atlas build"
        )
    check_output(out, force, "atlas")
    model = load_model(PREFIX + name, device="cpu")
    read = load_dictionary(dictionary or PREFIX + name)
    try:
        with stage_bar() as report:
            content = build_adder_atlas(model, read, out, report, force)
    except Interrupted as stop:
        typer.echo(f"microtome: {stop}", err=True)
        raise typer.Exit(128 + stop.signal_number) from stop
    if content is not None:
        features = sum(encoder.features for encoder in content.encoders)
        typer.echo(f"{out}: {features:,} features over {content.tokens:,} tokens")
