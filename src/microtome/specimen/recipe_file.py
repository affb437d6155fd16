"""What decides the weights of a trained specimen, kept beside them, so that no folder mixes two."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from microtome.artifact.json_file import read_json
from microtome.artifact.whole import whole_file
from microtome.errors import MicrotomeError

FILE_NAME = "recipe.json"


def write_recipe(folder: Path, recipe: Mapping[str, Any]) -> None:
    """Write down what decides the weights in a folder; values as JSON has them."""
    whole_file(folder / FILE_NAME, json.dumps(recipe, indent=1) + "\n")


def check_recipe(folder: Path, recipe: Mapping[str, Any]) -> None:
    """Refuse a folder that was begun with another recipe; one without a recipe is let through.

    Raises:
        MicrotomeError: it was; names the first difference.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return
    found = dict(_flat(read_json(path)))
    for key, wanted in _flat(json.loads(json.dumps(recipe))):
        if found.get(key) != wanted:
            raise MicrotomeError(
                f"{folder} was made with another recipe ({key} = {found.get(key)}, not "
                f"{wanted}); name another folder to build in"
            )


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield above + key, value
