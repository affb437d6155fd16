"""microtome specimen list: what there is."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from microtome.specimen import Specimen


def register(group: typer.Typer) -> None:
    group.command("list")(list_specimens)


def list_specimens() -> None:
    """The specimens, what each one is, and its parts."""
    from rich.markup import escape
    from rich.table import Table

    from microtome.cli.console import stdout
    from microtome.specimen.registry import all_specimens

    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("name", "what it is", "parts"):
        table.add_column(column, overflow="fold")
    for specimen in all_specimens().values():
        for name, about, parts in _rows(specimen):
            table.add_row(name, escape(about), parts)
    stdout().print(table, highlight=False)


def _rows(specimen: "Specimen") -> Iterator[tuple[str, str, str]]:
    """A row for the specimen, and one for each variant below it."""
    name = f"specimen:{specimen.name}"
    yield name, specimen.about, ", ".join(specimen.parts)
    for variant, parts in specimen.variants.items():
        yield f"  {name}/{variant}", "", ", ".join(parts)
