"""What a finished run leaves: one artifact for each dictionary."""

from pathlib import Path

from microtome.data import fingerprint_corpus
from microtome.dictionary import Dictionary, save_dictionary
from microtome.errors import MicrotomeError
from microtome.training.recipe import DictionaryRecipe, Recipe
from microtome.training.trainer import check_run


def finished(run: Path, recipe: Recipe) -> bool:
    """Whether every dictionary of the recipe has been saved in a run's folder.

    Raises:
        MicrotomeError: the folder holds another run.
    """
    return check_run(run, recipe) and all(
        (run / one.name / "manifest.json").is_file() for one in recipe.dictionary
    )


def save_run(run: Path, recipe: Recipe, dictionaries: dict[str, Dictionary]) -> None:
    """Save every dictionary beside the run's checkpoints, with its whole configuration."""
    for one in recipe.dictionary:
        save_dictionary(
            dictionaries[one.name], run / one.name, configuration(recipe, one), force=True
        )


def configuration(recipe: Recipe, one: DictionaryRecipe) -> dict:
    """All that made one dictionary of a run: its own recipe and what the run shares."""
    shared = recipe.model_dump(mode="json", exclude={"dictionary"})
    corpus = corpus_fingerprint(recipe)
    return shared | {"dictionary": [one.model_dump(mode="json")], "corpus_fingerprint": corpus}


def corpus_fingerprint(recipe: Recipe) -> str:
    """Fingerprint of the corpus; empty where it is gone, as a store can do without it and it must
    not cost the result."""
    try:
        return fingerprint_corpus(recipe.corpus) if recipe.corpus else ""
    except (OSError, MicrotomeError):
        return ""
