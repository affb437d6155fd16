"""What a finished run leaves: one artifact for each dictionary."""

from pathlib import Path

from microtome.data import fingerprint_corpus
from microtome.dictionary import Dictionary, save_dictionary
from microtome.errors import MicrotomeError
from microtome.training.recipe import DictionaryRecipe, Recipe
from microtome.training.trainer import claim


def finished(run: Path, recipe: Recipe) -> bool:
    """Whether every dictionary of the recipe has been saved in a run's folder.

    Raises:
        MicrotomeError: the folder holds another run.
    """
    if not all((run / one.name / "manifest.json").is_file() for one in recipe.dictionary):
        return False
    claim(run, recipe)
    return True


def save_run(run: Path, recipe: Recipe, dictionaries: dict[str, Dictionary]) -> None:
    """Save every dictionary beside the run's checkpoints, with its whole configuration."""
    for one in recipe.dictionary:
        save_dictionary(
            dictionaries[one.name], run / one.name, configuration(recipe, one), force=True
        )


def configuration(recipe: Recipe, one: DictionaryRecipe) -> dict:
    """All that made one dictionary of a run: its own recipe and what the run shares."""
    shared = recipe.model_dump(mode="json", exclude={"dictionary"})
    try:
        corpus = fingerprint_corpus(recipe.corpus) if recipe.corpus else ""
    except (OSError, MicrotomeError):
        corpus = ""  # a corpus that has gone in the meantime must not cost the result
    return shared | {"dictionary": [one.model_dump(mode="json")], "corpus_fingerprint": corpus}
