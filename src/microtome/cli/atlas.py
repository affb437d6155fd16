"""microtome atlas: what every feature of a dictionary means."""

from importlib import import_module

import typer

COMMANDS = ("atlas_build", "atlas_show", "atlas_search")
"""Modules of `microtome.cli`, each with a `register(group)`."""


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="What every feature of a dictionary means.", no_args_is_help=True)
    for name in COMMANDS:
        import_module(f"microtome.cli.{name}").register(group)
    app.add_typer(group, name="atlas")
