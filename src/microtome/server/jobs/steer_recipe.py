"""A steering recipe that a reader opens: checked, and which of the served weights it is for."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from microtome.errors import MicrotomeError
from microtome.intervention.recipe import Named, Recipe, check_named, checked_recipe
from microtome.server.library import ArtifactLibrary
from microtome.server.schema import EntryKind


class OpenedRecipe(BaseModel):
    """A recipe, and the entries of the library that it is for."""

    model_config = ConfigDict(extra="forbid")

    recipe: Recipe
    model: str
    """Id of the entry."""
    dictionary: str = ""
    """Id of the entry; empty where the recipe changes no features."""


def open_recipe(library: ArtifactLibrary, document: dict[str, Any]) -> OpenedRecipe:
    """Check a recipe, and find its model and dictionary by their fingerprints.

    Raises:
        MicrotomeError: no recipe, a field that cannot be, or weights that are not served.
    """
    recipe = checked_recipe(document, "the file")
    check_named(recipe)
    return OpenedRecipe(
        recipe=recipe,
        model=_served(library, "model", recipe.model),
        dictionary=_served(library, "dictionary", recipe.dictionary) if recipe.dictionary else "",
    )


def _served(library: ArtifactLibrary, kind: EntryKind, wanted: Named) -> str:
    found = library.by_fingerprint(kind, wanted.fingerprint)
    if found is not None:
        return found.entry.id
    entries = (library.entry(one) for one in library.scan().values())
    unread = [e.name for e in entries if e.kind == kind and not (e.fingerprint or e.problem)]
    then = "add its folder to `microtome serve`"
    if unread:  # large weights tell their fingerprint when they are first used
        then += f", or, if it is {' or '.join(unread[:3])}, generate once with it and open it again"
    raise MicrotomeError(
        f"the recipe is for the {kind} {wanted.name} (fingerprint {wanted.fingerprint}), which is "
        f"not served; {then}"
    )
