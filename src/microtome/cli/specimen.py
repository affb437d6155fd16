"""microtome specimen: remake a bundled model and its dictionaries."""

from pathlib import Path
from typing import Annotated

import typer

from microtome.errors import MicrotomeError


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Small bundled models whose mechanism is known.", no_args_is_help=True)
    group.command("build")(build)
    group.command("list")(list_specimens)
    app.add_typer(group, name="specimen")


def build(
    name: Annotated[str, typer.Argument(help="Which specimen: adder.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for model, clt and plt.")],
    seed: Annotated[int, typer.Option(help="Everything follows from it.")] = 0,
) -> None:
    """Train a specimen from scratch, from one seed; an interrupted build goes on."""
    from microtome.specimen.load import SPECIMENS, nearest

    if name not in SPECIMENS:
        raise MicrotomeError(f"unknown specimen {name!r}; {nearest(name, SPECIMENS)}")
    from microtome.specimen.adder.build import build_adder

    if (out / "manifest.json").exists() or out.is_file():
        raise MicrotomeError(f"{out} is something else already; name another folder to build in")

    build_adder(out, seed, typer.echo)


def list_specimens() -> None:
    """The bundled specimens and their parts."""
    from microtome.specimen.load import SPECIMENS

    for name, parts in SPECIMENS.items():
        typer.echo(f"specimen:{name}  ({', '.join(parts)})")
