"""microtome specimen: small models whose mechanism is known."""

from collections.abc import Callable
from importlib import import_module

import typer

COMMANDS = (
    "specimen_list",
    "specimen_truth",
    "specimen_build",
    "specimen_atlas",
    "specimen_synthetic",
    "specimen_report",
    "specimen_texts",
)
"""Modules of `microtome.cli` with the commands of the group, each with a `register(group)`."""


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Small models whose mechanism is known.", no_args_is_help=True)
    for name in COMMANDS:
        add: Callable[[typer.Typer], None] = import_module(f"microtome.cli.{name}").register
        add(group)
    app.add_typer(group, name="specimen")
