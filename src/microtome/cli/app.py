"""The command line. Commands live one a file and import what they need when they run, so that
`microtome --help` answers at once."""

import re
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from microtome.artifact.printable import shortened
from microtome.errors import MicrotomeError

_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""What typer raises for wrong options; which module has it depends on typer's version."""
_MEMORY = re.compile(r"out of memory|can't allocate memory|not enough memory")
_LONGEST = 2000
"""Characters of a sentence: a command line may hold a book, and its error names it."""
_STOPPED = (128 + signal.SIGINT, 128 + signal.SIGTERM)
"""Exit codes of an interrupted command."""


class _Interrupted(Exception):
    """A KeyboardInterrupt, which typer would turn into an exit without a word."""


class _Terminated(KeyboardInterrupt):
    """SIGTERM, so that it tidies up as Ctrl-C does."""


_asked: list[KeyboardInterrupt] = []
"""Signals that asked this command to stop."""


class _Commands(TyperGroup):
    def invoke(self, ctx) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            raise _Interrupted from stop


app = typer.Typer(
    name="microtome",
    cls=_Commands,
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
    "group",
    "merge",
    "verify",
    "specimen",
    "score",
    "study",
    "atlas",
    "explain",
    "heads",
    "weights",
    "grid",
    "steer",
    "serve",
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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what a terminal cannot show is a question mark
            stream.reconfigure(errors="replace")
    _asked.clear()
    handlers = {signal.SIGTERM: _stop}
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        handlers[signal.SIGINT] = _stop
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        code = app(prog_name="microtome", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:
        code = _explain(_asked[0] if _asked else error)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if code in _STOPPED:  # another Ctrl-C while Python tidies up would be a traceback
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code if isinstance(code, int) else 0)


def _stop(number, frame) -> None:
    """Remembered too: what is being imported may catch it and fail with something else."""
    stop = _Terminated() if number == signal.SIGTERM else KeyboardInterrupt()
    _asked.append(stop)
    raise stop


def _explain(error: BaseException) -> int:
    """Say in one sentence what went wrong; returns the exit code."""
    code, said = 2, ""
    if isinstance(error, MicrotomeError):
        said = str(error)
    elif isinstance(error, _UsageError):
        said = _usage(error)
    elif isinstance(error, BrokenPipeError):
        sys.stderr.close()
        return 0
    elif isinstance(error, OSError):
        said = f"{error.strerror or error}: {shortened(str(error.filename or 'no file'), 200)}"
    elif isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and _MEMORY.search(str(error))
    ):
        said = (
            "out of memory; use fewer features, a smaller batch or buffer, or for a trace "
            "--max-features or a smaller --memory-gb"
        )
    elif isinstance(error, _Interrupted | KeyboardInterrupt):
        terminated = isinstance(error.__cause__ or error, _Terminated)
        code = 128 + (signal.SIGTERM if terminated else signal.SIGINT)
        said = "interrupted"
    else:
        raise error
    if said:
        typer.echo(f"microtome: {shortened(said, _LONGEST)}", err=True)
    return code


def _usage(error: Any) -> str:
    """typer's sentence, and where to read more; nothing where it has shown the help itself."""
    said = " ".join(error.format_message().split()).rstrip(".?")
    if not said:
        return ""
    command = error.ctx.command_path if error.ctx else "microtome"
    return f"{said[0].lower()}{said[1:]}; see {command} --help"
