"""microtome specimen texts: what a stage of the clerk reads, as a corpus."""

from pathlib import Path
from typing import Annotated

import typer

from microtome.errors import MicrotomeError


def register(group: typer.Typer) -> None:
    group.command("texts")(texts)


def texts(
    name: Annotated[str, typer.Argument(help="A specimen that reads texts, such as clerk/chat.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="JSON lines with a field text.")],
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="Texts.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="Another one gives other texts.")] = 0,
    models: Annotated[
        Path | None, typer.Option(help="Folder of specimen build, for a world of your own.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write texts of a stage's world, to train and evaluate dictionaries of your own on."""
    from microtome.specimen.clerk.corpus import write_corpus
    from microtome.specimen.clerk.recipe_file import world_beside
    from microtome.specimen.clerk.report import stage_folders
    from microtome.specimen.clerk.stages import STAGES
    from microtome.specimen.clerk.world.world import World
    from microtome.specimen.registry import find_model

    part = find_model(name)
    if part.specimen.name != "clerk":
        raise MicrotomeError(f"{part.full_name} reads no texts; the clerk does: clerk/chat")
    if out.is_dir():
        raise MicrotomeError(f"output {out} is a folder; name a file")
    if out.exists() and not force:
        raise MicrotomeError(f"output file {out} exists; pass --force to replace it")
    world = World()
    if models is not None:
        (folder,) = stage_folders(models, [part.variant]).values()
        world = world_beside(folder)
    write_corpus(out, STAGES[part.variant], number, seed, world)
    typer.echo(f"{out}: {number:,} texts of {part.full_name}")
