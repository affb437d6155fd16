"""microtome atlas build: an atlas of a dictionary's features from a corpus."""

import typer


def register(group: typer.Typer) -> None:
    group.command("build")(build)


def build() -> None:
    """Collect what is known of every feature of a dictionary, in one pass over a corpus."""
