"""A steering recipe: what is changed in a model while it generates, as a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from microtome.artifact.json_file import read_json, wrong_field
from microtome.artifact.whole import whole_file
from microtome.errors import MicrotomeError
from microtome.intervention.description import Features, Intervention

if TYPE_CHECKING:
    from microtome.dictionary import Dictionary
    from microtome.model import LanguageModel

FORMAT = "microtome steering"
VERSION = 1


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Named(_Part):
    """A model or a dictionary."""

    name: str
    """As it was called where the recipe was made; not what identifies it."""
    fingerprint: str
    """Identity of its weights."""


class Generation(_Part):
    """How text is generated."""

    max_new_tokens: Annotated[int, Field(ge=1, le=10_000)] = 32
    temperature: Annotated[float, Field(ge=0, le=100)] = 0.0
    """0 takes the most likely token."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0


class Recipe(_Part):
    """Interventions, what they are on, and how text is generated under them."""

    format: Literal["microtome steering"] = FORMAT
    version: Literal[1] = VERSION
    model: Named
    dictionary: Named | None = None
    """None where no features are changed."""
    interventions: tuple[Intervention, ...]
    generation: Generation = Generation()
    notes: str = ""

    def check(self, model: "LanguageModel", dictionary: "Dictionary | None") -> None:
        """Refuse a model or a dictionary that the recipe was not made for.

        Raises:
            MicrotomeError: another one, or none.
        """
        _check_same("model", self.model, model.name, model.fingerprint)
        check_named(self)
        if self.dictionary is None:
            return
        if dictionary is None:
            raise MicrotomeError(
                f"the recipe changes features of {self.dictionary.name}; name the dictionary"
            )
        _check_same("dictionary", self.dictionary, dictionary.name, dictionary.fingerprint)


def _check_same(kind: str, wanted: Named, name: str, fingerprint: str) -> None:
    if fingerprint != wanted.fingerprint:
        raise MicrotomeError(
            f"the recipe is for the {kind} {wanted.name} (fingerprint {wanted.fingerprint}), but "
            f"{name} has fingerprint {fingerprint}"
        )


def check_named(recipe: Recipe) -> None:
    """Refuse a recipe that changes features of no dictionary.

    Raises:
        MicrotomeError: it does.
    """
    features = any(isinstance(change.what, Features) for change in recipe.interventions)
    if features and recipe.dictionary is None:
        raise MicrotomeError("the recipe changes features and names no dictionary; name theirs")


def steering_recipe(
    model: "LanguageModel",
    dictionary: "Dictionary | None",
    interventions: Sequence[Intervention],
    generation: Generation | None = None,
    notes: str = "",
) -> Recipe:
    """A recipe for what is at hand.

    Raises:
        MicrotomeError: features are changed, and no dictionary is given.
    """
    made = Recipe(
        model=Named(name=model.name, fingerprint=model.fingerprint),
        dictionary=dictionary and Named(name=dictionary.name, fingerprint=dictionary.fingerprint),
        interventions=tuple(interventions),
        generation=generation or Generation(),
        notes=notes,
    )
    check_named(made)
    return made


def save_recipe(recipe: Recipe, path: str | Path, force: bool = False) -> None:
    """Write a recipe as JSON; the file appears whole or not at all.

    Raises:
        MicrotomeError: the file exists and `force` is not given, or cannot be written.
    """
    path = Path(path)
    if not force or path.is_dir():
        without_overwriting(path)
    whole_file(path, recipe_text(recipe))


def without_overwriting(path: Path) -> None:
    """Refuse a path at which something stands.

    Raises:
        MicrotomeError: it does.
    """
    if path.exists() or path.is_symlink():
        raise MicrotomeError(f"{path} exists; choose another path, nothing is overwritten")


def recipe_text(recipe: Recipe) -> str:
    """A recipe as it is written."""
    return recipe.model_dump_json(indent=1) + "\n"


def load_recipe(path: str | Path) -> Recipe:
    """Read a recipe.

    Raises:
        MicrotomeError: no such file, no recipe, one of a newer microtome, or a field that cannot
            be: names it.
    """
    return checked_recipe(read_json(Path(path)), str(path))


def checked_recipe(raw: dict[str, Any], name: str) -> Recipe:
    """A recipe from what its JSON holds.

    Args:
        raw: the object in the file.
        name: of the file, for messages.

    Raises:
        MicrotomeError: as `load_recipe`.
    """
    if raw.get("format") != FORMAT:
        raise MicrotomeError(f"{name} is not a steering recipe: it has no format {FORMAT!r}")
    version = raw.get("version")
    if isinstance(version, int) and version > VERSION:
        raise MicrotomeError(
            f"{name} was written by a newer microtome (steering version {version}); upgrade to "
            f"read it"
        )
    try:
        return Recipe.model_validate(raw)
    except ValidationError as error:
        raise MicrotomeError(f"{name}: {wrong_field(error)}") from error
