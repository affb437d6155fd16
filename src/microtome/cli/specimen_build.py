"""microtome specimen build: make a specimen again."""

from pathlib import Path
from typing import Annotated

import typer

from microtome.errors import MicrotomeError


def register(group: typer.Typer) -> None:
    group.command("build")(build)


def build(
    name: Annotated[str, typer.Argument(help="Which specimen; see specimen list.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for its parts.")],
    seed: Annotated[int, typer.Option(help="Everything about a trained one follows from it.")] = 0,
) -> None:
    """Make a specimen from scratch; one that is trained goes on where it was interrupted."""
    from microtome.artifact.whole import replaces, whole_folder
    from microtome.specimen.cache import find_builder
    from microtome.specimen.registry import find_specimen

    specimen = find_specimen(name)
    if specimen.name == "adder":
        _adder(out, seed)
        return
    builder = find_builder(specimen)
    replaces(out, force=False)
    with whole_folder(out, force=False) as folder:
        builder(specimen.name, folder)
    typer.echo(f"{out}: {', '.join(specimen.every_part)}")


def _adder(out: Path, seed: int) -> None:
    from microtome.specimen.adder.build import build_adder

    if (out / "manifest.json").exists() or out.is_file():
        raise MicrotomeError(f"{out} is something else already; name another folder to build in")
    build_adder(out, seed, typer.echo)
