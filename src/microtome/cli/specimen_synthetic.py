"""microtome specimen synthetic: activations made of known directions."""

from pathlib import Path
from typing import Annotated

import typer


def register(group: typer.Typer) -> None:
    group.command("synthetic")(synthetic)


def synthetic(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for store, truth and recipe.")],
    tokens: Annotated[int, typer.Option(min=1, help="Activations to store.")] = 400_000,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", "-s", help="key=value: an option of the world; may repeat."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the world.")] = 0,
    truth_rows: Annotated[
        int, typer.Option(min=1, help="Activations with their firings, kept with the truth.")
    ] = 4096,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Make activations of known directions in superposition, to train on, and the truth beside;
    the same command goes on where it was interrupted.

    Options of the world: d, directions, active, exponent, sizes (uniform: size_low, size_high;
    lognormal: size_median, size_spread), tree_share, tree_depth, tree_branching, group_size,
    correlation, anisotropy, noise.
    """
    from microtome.cli.progress import progress_bar
    from microtome.specimen.synthetic.options import read_options
    from microtome.specimen.synthetic.save import RECIPE, save_synthetic

    options = read_options(settings or [], {"seed": seed})
    with progress_bar("activations") as advance:
        save_synthetic(out, options, tokens, truth_rows, force, lambda rows: advance(rows, tokens))
    typer.echo(
        f"{out}: {tokens:,} activations of {options.directions:,} directions in {options.d:,} "
        f"dimensions, and the truth"
    )
    typer.echo(f"train on them: microtome train {out / RECIPE}")
