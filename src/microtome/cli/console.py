"""Where tables are printed: the terminal as wide as it is, files and pipes 100 columns."""

import os

from rich.console import Console


def stdout() -> Console:
    console = Console()
    if console.is_terminal or "COLUMNS" in os.environ:
        return console
    return Console(width=100)
