"""microtome specimen build: make a specimen again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from microtome.errors import MicrotomeError

if TYPE_CHECKING:
    from microtome.specimen.clerk.train import ClerkRecipe


def register(group: typer.Typer) -> None:
    group.command("build")(build)


def build(
    name: Annotated[str, typer.Argument(help="Which specimen; see specimen list.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for its parts.")],
    seed: Annotated[
        int,
        typer.Option(min=0, max=2**31 - 1, help="Everything about a trained one follows from it."),
    ] = 0,
    stage: Annotated[
        list[str] | None,
        typer.Option("--stage", help="Of the clerk, with those above it; may repeat."),
    ] = None,
    length: Annotated[
        float | None, typer.Option(help="Share of the clerk's steps; less than 1 for a trial.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", "-s", help="key=value: of the clerk's world; may repeat."),
    ] = None,
    dictionaries: Annotated[
        bool,
        typer.Option("--dictionaries", help="A CLT and an SAE of each stage of the clerk, too."),
    ] = False,
) -> None:
    """Make a specimen from scratch; the same command goes on with one that is trained where it was
    interrupted.

    Options of the clerk's world: cities, states, people, famous, conditions, substances, held_out.
    """
    from microtome.artifact.whole import replaces, whole_folder
    from microtome.specimen.cache import build_parts, find_builder
    from microtome.specimen.entry import PREFIX
    from microtome.specimen.registry import find_specimen

    if name.removeprefix(PREFIX) == "clerk":
        recipe = _clerk_recipe(seed, 1.0 if length is None else length, settings or [])
        _clerk(out, stage or [], recipe, dictionaries)
        return
    specimen = find_specimen(name)
    if stage or settings or dictionaries or length is not None:
        raise MicrotomeError("--stage, --length, --set and --dictionaries are for the clerk")
    if specimen.name == "adder":
        _adder(out, seed)
        return
    if seed:
        raise MicrotomeError(f"{specimen.name} is not trained, so it has no --seed")
    find_builder(specimen)
    if out.is_dir() and any(out.iterdir()):
        raise MicrotomeError(f"output folder {out} exists; name another folder to build in")
    replaces(out, force=False)
    with whole_folder(out, force=False) as folder:
        build_parts(specimen, folder)
    typer.echo(f"{out}: {', '.join(specimen.every_part)}")


def _adder(out: Path, seed: int) -> None:
    from microtome.specimen.adder.build import build_adder

    _check_folder(out)
    build_adder(out, seed, typer.echo)


def _clerk_recipe(seed: int, length: float, settings: list[str]) -> "ClerkRecipe":
    from microtome.specimen.clerk.settings import read_world_options
    from microtome.specimen.clerk.train import ClerkRecipe

    if not 0 < length <= 100:
        raise MicrotomeError(f"--length is {length:g}; it must be above 0, and 100 at most")
    return ClerkRecipe(read_world_options(settings, seed), length=length, seed=seed)


def _clerk(out: Path, stages: list[str], recipe: "ClerkRecipe", dictionaries: bool) -> None:
    from microtome.artifact.interrupt import Interrupted
    from microtome.specimen.clerk.build import build_stages
    from microtome.specimen.clerk.dictionaries import DESCRIBED, build_dictionaries
    from microtome.specimen.clerk.stages import STAGES
    from microtome.specimen.clerk.truth import save_clerk_truth
    from microtome.specimen.clerk.world.world import world_of

    _check_folder(out)
    try:
        build_stages(out, stages or list(STAGES), recipe, typer.echo)
        if not (out / "truth").exists():
            save_clerk_truth(out / "truth", world_of(recipe.world))
        if dictionaries:
            build_dictionaries(out, stages or DESCRIBED, recipe, say=typer.echo)
    except Interrupted as stop:
        typer.echo(f"microtome: {stop}", err=True)
        raise typer.Exit(128 + stop.signal_number) from stop


def _check_folder(out: Path) -> None:
    if (out / "manifest.json").exists() or out.is_file():
        raise MicrotomeError(f"{out} is something else already; name another folder to build in")
