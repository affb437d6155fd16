"""microtome specimen: remake a bundled model and its dictionaries."""

from pathlib import Path
from typing import Annotated

import typer

from microtome.errors import MicrotomeError


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Small bundled models whose mechanism is known.", no_args_is_help=True)
    group.command("build")(build)
    group.command("atlas")(atlas)
    group.command("list")(list_specimens)
    app.add_typer(group, name="specimen")


def build(
    name: Annotated[str, typer.Argument(help="Which specimen: adder.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for model, clt and plt.")],
    seed: Annotated[int, typer.Option(help="Everything follows from it.")] = 0,
) -> None:
    """Train a specimen from scratch, from one seed; an interrupted build goes on."""
    from microtome.specimen.adder.build import build_adder

    _check_known(name)

    if (out / "manifest.json").exists() or out.is_file():
        raise MicrotomeError(f"{out} is something else already; name another folder to build in")

    build_adder(out, seed, typer.echo)


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

    _check_known(name)
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


def _check_known(name: str) -> None:
    from microtome.specimen.registry import find_specimen

    find_specimen(name)
    if name != "adder":
        raise MicrotomeError(f"specimen {name!r} is built when it is first used; name adder")


def list_specimens() -> None:
    """The bundled specimens and their parts."""
    from microtome.specimen.registry import all_specimens

    for specimen in all_specimens().values():
        typer.echo(f"specimen:{specimen.name}  ({', '.join(specimen.every_part)})")
