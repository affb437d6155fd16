"""A model and a dictionary that are used together."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from microtome.dictionary import Dictionary
    from microtome.model import LanguageModel


def load_both(
    model: str, dictionary: str, device: str | None = None, quiet: bool = False
) -> "tuple[LanguageModel, Dictionary]":
    """Load them, with a note on stderr where the dictionary was trained on other weights.

    Raises:
        MicrotomeError: one of them cannot be loaded.
    """
    from microtome.cli.progress import status
    from microtome.intervention.baseline import of_other_weights
    from microtome.specimen import load_dictionary, load_model

    with status("loading", quiet=quiet):
        loaded, read = load_model(model, device), load_dictionary(dictionary)
    if of_other_weights(loaded, read):
        typer.echo(f"note: {read.name} was trained on a model with other weights", err=True)
    return loaded, read
