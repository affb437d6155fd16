"""The recipe of a stage, kept beside it, so that no folder mixes stages of two worlds."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from microtome.artifact.json_file import read_json
from microtome.artifact.whole import whole_file
from microtome.errors import MicrotomeError
from microtome.specimen.clerk.stages import Stage
from microtome.specimen.clerk.train import ClerkRecipe
from microtome.specimen.clerk.world.options import WorldOptions, check_option

FILE_NAME = "recipe.json"


def write_recipe(folder: Path, stage: Stage, recipe: ClerkRecipe) -> None:
    """Write down what decides the weights of a stage, in its folder."""
    made_by = json.dumps(_made_by(stage, recipe), indent=1)
    whole_file(folder / stage.name / FILE_NAME, made_by + "\n")


def check_recipe(folder: Path, stage: Stage, recipe: ClerkRecipe) -> None:
    """Refuse a stage that was begun with another recipe; one without a recipe is let through.

    Raises:
        MicrotomeError: it was; names the first difference.
    """
    path = folder / stage.name / FILE_NAME
    if not path.exists():
        return
    found = dict(_flat(read_json(path)))
    for key, wanted in _flat(_made_by(stage, recipe)):
        if found.get(key) != wanted:
            raise MicrotomeError(
                f"{path.parent} was made with another recipe ({key} = {found.get(key)}, not "
                f"{wanted}); name another folder to build in"
            )


def read_world(folder: Path) -> WorldOptions:
    """The world that the stage in a folder was trained on; the usual one where it does not say.

    Raises:
        MicrotomeError: the recipe cannot be read.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return WorldOptions()
    try:
        values = read_json(path)["recipe"]["world"]
        for name, value in values.items():
            check_option(name, value)
        return WorldOptions(**values)
    except (KeyError, TypeError, AttributeError) as error:
        raise MicrotomeError(f"{path} is not the recipe of a stage: {error}") from error


def _made_by(stage: Stage, recipe: ClerkRecipe) -> dict:
    """As JSON has it."""
    return json.loads(json.dumps({"recipe": asdict(recipe), "stage": asdict(stage)}))


def _flat(table: dict, above: str = "") -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield above + key, value
