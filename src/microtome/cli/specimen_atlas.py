"""microtome specimen atlas: the atlas of a specimen's dictionary, labelled by what is known."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from microtome.errors import MicrotomeError

if TYPE_CHECKING:
    from microtome.atlas import AtlasContent
    from microtome.specimen.entry import Part


def register(group: typer.Typer) -> None:
    group.command("atlas")(atlas)


def atlas(
    name: Annotated[str, typer.Argument(help="Which specimen: adder, clerk/chat.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the atlas.")],
    dictionary: Annotated[
        str | None,
        typer.Option("--dictionary", "-d", help="Another one of it: specimen:clerk/chat/sae."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing atlas.")] = False,
) -> None:
    """Build the atlas of a specimen's dictionary, labelled with what is known of its world; an
    interrupted build goes on."""
    from microtome.artifact import check_output
    from microtome.artifact.interrupt import Interrupted
    from microtome.cli.progress import stage_bar
    from microtome.specimen.load import load_dictionary, load_model
    from microtome.specimen.registry import find_part

    part = find_part(name, "model")
    build = _builder(part)
    check_output(out, force, "atlas")
    model = load_model(part.full_name, device="cpu")
    read = load_dictionary(dictionary or part.full_name)
    try:
        with stage_bar() as report:
            content = build(model, read, out, report, force)
    except Interrupted as stop:
        typer.echo(f"microtome: {stop}", err=True)
        raise typer.Exit(128 + stop.signal_number) from stop
    if content is not None:
        features = sum(encoder.features for encoder in content.encoders)
        typer.echo(f"{out}: {features:,} features over {content.tokens:,} tokens")


def _builder(part: "Part") -> "Callable[..., AtlasContent | None]":
    """What builds the atlas of a specimen, with labels of its own."""
    if part.specimen.name == "adder":
        from microtome.specimen.adder.atlas import build_adder_atlas

        return build_adder_atlas
    if part.specimen.name == "clerk":
        from microtome.specimen.clerk.atlas import build_clerk_atlas
        from microtome.specimen.clerk.stages import STAGES

        return partial(build_clerk_atlas, STAGES[part.variant])
    raise MicrotomeError(
        f"the atlas of {part.full_name} needs no command of its own; see microtome atlas build"
    )
