"""The recipe of a stage, kept beside it, so that no folder mixes stages of two worlds."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from microtome.artifact.json_file import read_json
from microtome.errors import MicrotomeError
from microtome.specimen.clerk.stages import Stage
from microtome.specimen.clerk.train import ClerkRecipe
from microtome.specimen.clerk.world.options import WorldOptions, check_option
from microtome.specimen.clerk.world.world import World, world_of
from microtome.specimen.recipe_file import FILE_NAME


def stage_recipe(stage: Stage, recipe: ClerkRecipe) -> dict[str, Any]:
    """What decides the weights of a stage."""
    return {"recipe": asdict(recipe), "stage": asdict(stage)}


def read_world(folder: Path) -> WorldOptions:
    """Options of the world that the stage in a folder was trained on; the usual ones where it does
    not say.

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


def world_beside(model: Path) -> World:
    """The world that a stage whose model lies there was trained on.

    Raises:
        MicrotomeError: the recipe beside it cannot be read.
    """
    return world_of(read_world(model.parent))
