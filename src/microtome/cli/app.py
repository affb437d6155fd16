"""The command line. Commands live one a file and import what they need when they run, so that
`microtome --help` answers at once."""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Annotated

import typer

from microtome.errors import MicrotomeError

app = typer.Typer(
    name="microtome",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

COMMANDS = (
    "demo",
    "trace",
    "show",
    "info",
    "export",
    "convert",
    "train",
    "evaluate",
    "compare",
    "specimen",
)
"""Modules of `microtome.cli`, each with a `register(app)`."""

for _name in COMMANDS:
    _register: Callable[[typer.Typer], None] = import_module(f"microtome.cli.{_name}").register
    _register(app)


def print_version(wanted: bool | None) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"microtome {version('microtome')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool | None,
        typer.Option(
            "--version", callback=print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = None,
) -> None:
    """A microscope for language models: trace an answer, see what its features do."""


def main() -> None:
    """Entry point: bad input is one sentence on stderr and exit code 2."""
    try:
        app()
    except MicrotomeError as error:
        typer.echo(f"microtome: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            sys.stderr.close()
            sys.exit(0)
        typer.echo(f"microtome: {error.strerror or error}: {error.filename or 'no file'}", err=True)
        sys.exit(2)
    except MemoryError:
        typer.echo(
            "microtome: out of memory; use --max-features or a smaller --memory-gb", err=True
        )
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("microtome: interrupted", err=True)
        sys.exit(130)
