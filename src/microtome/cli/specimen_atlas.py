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
    models: Annotated[
        Path | None, typer.Option(help="Of the clerk: folder of specimen build, with its clt.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing atlas.")] = False,
) -> None:
    """Build the atlas of a specimen's dictionary, labelled with what is known of its world; an
    interrupted build goes on."""
    from microtome.artifact import check_output
    from microtome.artifact.interrupt import Interrupted
    from microtome.cli.progress import stage_bar
    from microtome.specimen.load import load_dictionary, load_model
    from microtome.specimen.registry import find_model

    part = find_model(name)
    folder, build = _builder(part, models)
    check_output(out, force, "atlas")
    model = load_model(folder, device="cpu")
    beside = part.full_name if models is None else str(folder.parent / "clt")
    read = load_dictionary(dictionary or beside)
    try:
        with stage_bar() as report:
            content = build(model, read, out, report, force)
    except Interrupted as stop:
        typer.echo(f"microtome: {stop}", err=True)
        raise typer.Exit(128 + stop.signal_number) from stop
    if content is not None:
        features = sum(encoder.features for encoder in content.encoders)
        typer.echo(f"{out}: {features:,} features over {content.tokens:,} tokens")


def _builder(
    part: "Part", models: Path | None
) -> "tuple[Path, Callable[..., AtlasContent | None]]":
    """Folder of a specimen's model, and what builds its atlas with labels of its own."""
    if part.specimen.name == "clerk":
        from microtome.specimen.clerk.atlas import build_clerk_atlas
        from microtome.specimen.clerk.recipe_file import world_beside
        from microtome.specimen.clerk.report import stage_folders
        from microtome.specimen.clerk.stages import STAGES

        (folder,) = stage_folders(models, [part.variant]).values()
        stage = STAGES[part.variant]
        return folder, partial(build_clerk_atlas, stage, world=world_beside(folder))
    if models is not None:
        raise MicrotomeError("--models is for the clerk")
    if part.specimen.name == "adder":
        from microtome.specimen.adder.atlas import build_adder_atlas
        from microtome.specimen.load import part_path

        return part_path(part), build_adder_atlas
    raise MicrotomeError(
        f"the atlas of {part.full_name} needs no command of its own; see microtome atlas build"
    )
