"""microtome train: dictionaries from a recipe."""

import signal
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("train")(train)


def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe, TOML.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", "-s", help="key=value: change a key of the recipe; may repeat."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the run (default: runs/RECIPE).")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or mps.")] = None,
) -> None:
    """Train the dictionaries of a recipe; the same command goes on where a run stopped."""
    from microtome.cli.progress import training_bar
    from microtome.errors import MicrotomeError
    from microtome.model.load import best_device
    from microtome.specimen import load_model
    from microtome.training import Interrupted, load_recipe
    from microtome.training import train as run_recipe
    from microtome.training.checkpoint import checkpoints
    from microtome.training.distributed import close_mesh, open_mesh
    from microtome.training.from_store import train_from_store, trains_from_store
    from microtome.training.save import finished, save_run

    loaded = load_recipe(recipe, settings or [])
    run = out or Path("runs") / recipe.stem
    alone = trains_from_store(loaded)
    if not loaded.model and not alone:
        missing = f" and store {loaded.store!r} is not there" if loaded.store else ""
        raise MicrotomeError(
            f"the recipe names no model{missing}; add model = '...' or --set model=..."
        )
    if finished(run, loaded):
        _print_table(run, loaded, "is finished; nothing to do")
        return
    # the mesh first: it gives each process its own GPU, on which the model is then loaded
    mesh = open_mesh(loaded.feature_parallel, device or best_device())
    try:
        model = None if alone else load_model(loaded.model, device)
        other = load_model(loaded.other_model, device) if loaded.other_model else None
        if mesh.first and (stood := checkpoints(run)):
            typer.echo(f"{run}: going on from step {stood[-1][0]} of {loaded.steps}", err=True)
        with training_bar(loaded.steps, quiet=not mesh.first) as bar:
            if model is None:
                place = device or best_device()
                found = train_from_store(loaded, run, bar.report, mesh, place)
            else:
                found = run_recipe(
                    loaded, model, None, run, bar.report, other, mesh, harvested=bar.harvested
                )
        if mesh.first:
            save_run(run, loaded, found)
            _print_table(run, loaded, "is finished")
    except Interrupted as stop:
        if mesh.first:
            typer.echo(
                f"microtome: interrupted at step {stop.step} of {loaded.steps}; the run is saved "
                f"in {run}, and the same command goes on from there",
                err=True,
            )
        raise typer.Exit(128 + (stop.signal_number or signal.SIGTERM)) from stop
    finally:
        close_mesh(mesh)


def _print_table(run: Path, recipe, what: str) -> None:
    from rich.markup import escape
    from rich.table import Table

    from microtome.cli.console import stdout
    from microtome.dictionary import load_dictionary

    table = Table(title=f"{escape(str(run))} {what}", title_justify="left")
    for column in ("dictionary", "kind", "sites", "features", "L0", "FVU", "dead"):
        table.add_column(column, justify="left" if column in ("dictionary", "kind") else "right")
    for one in recipe.dictionary:
        made = load_dictionary(run / one.name)
        info = made.info
        table.add_row(
            escape(one.name),
            made.kind,
            str(len(made.reads)),
            f"{sum(made.n_features):,}",
            f"{info['training_l0']:.1f}",
            f"{info['training_fvu']:.3f}",
            f"{info['dead_share']:.1%}",
        )
    console = stdout()
    console.print(table)
    console.print("L0 and FVU are of training batches; held-out figures: microtome evaluate")
