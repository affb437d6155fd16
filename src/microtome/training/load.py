"""Reading recipes: TOML, overrides from the command line, sweeps."""

import difflib
import tomllib
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from microtome.errors import MicrotomeError
from microtome.training.recipe import DictionaryRecipe, Recipe

_SWEPT = ("k", "sparsity", "features", "learning_rate", "architecture", "target_l0")
"""Keys of a dictionary that may be lists: one dictionary for each combination."""


def load_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe from a TOML file.

    Args:
        path: the file.
        overrides: `key=value`, the value in TOML (text may stand without quotes). A key of a
            dictionary (`k=16`) changes every `[[dictionary]]`; `dictionary.0.k=16` one of them.

    Raises:
        MicrotomeError: missing or malformed file, unknown key (names the nearest), value out of
            range.
    """
    if not path.is_file():
        raise MicrotomeError(f"recipe {path} does not exist")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is one, too
        raise MicrotomeError(f"recipe {path} is not TOML: {error}") from error
    for override in overrides:
        _override(data, override)
    return make_recipe(data, f"recipe {path}")


def make_recipe(data: dict[str, Any], where: str = "recipe") -> Recipe:
    """A recipe from what TOML holds, sweeps spread out.

    Raises:
        MicrotomeError: as `load_recipe`.
    """
    tables = data.get("dictionary")
    if isinstance(tables, dict):
        tables = [tables]
    if isinstance(tables, list) and all(isinstance(table, dict) for table in tables):
        spread = [one for table in tables for one in _spread(table, where)]
        data = data | {"dictionary": spread}
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        raise MicrotomeError(f"{where}: {_explain(error)}") from error


def _override(data: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key.strip():
        raise MicrotomeError(f"--set {override}: expected key=value")
    value = toml_value(text)
    parts = key.strip().split(".")
    if isinstance(data.setdefault("dictionary", [{}]), dict):
        data["dictionary"] = [data["dictionary"]]
    tables = data["dictionary"]
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        return  # make_recipe says what is wrong with that
    if parts[0] == "dictionary":
        if len(parts) != 3 or not parts[1].isdecimal() or int(parts[1]) >= len(tables):
            raise MicrotomeError(
                f"--set {override}: expected dictionary.NUMBER.KEY=value; the recipe has "
                f"{len(tables)} dictionaries (0 to {len(tables) - 1})"
            )
        tables[int(parts[1])][parts[2]] = value
    elif parts[0] in DictionaryRecipe.model_fields and parts[0] not in Recipe.model_fields:
        for table in tables:
            table[key.strip()] = value
    else:
        data[key.strip()] = value


def toml_value(text: str) -> Any:
    """What TOML makes of a text, or the text itself where that is not one value."""
    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):  # a number of 5,000 digits is one, too
        return text
    return table["value"] if table.keys() == {"value"} else text


def _spread(table: dict[str, Any], where: str) -> list[dict[str, Any]]:
    """One table for each combination of the lists in it, named after what differs."""
    swept = [key for key in _SWEPT if isinstance(table.get(key), list)]
    if not swept:
        return [table]
    for key in swept:
        if not table[key]:
            raise MicrotomeError(f"{where}: {key} = [] sweeps over nothing; give it a value")
    found = []
    for values in product(*(table[key] for key in swept)):
        name = str(table.get("name") or table.get("kind", "sae"))
        for key, value in zip(swept, values, strict=True):
            shown = f"{value:g}" if isinstance(value, float) else str(value)
            name += {"architecture": f"-{shown}", "k": f"-k{shown}"}.get(key, f"-{key}-{shown}")
        found.append(table | dict(zip(swept, values, strict=True)) | {"name": name})
    return found


def _explain(error: ValidationError) -> str:
    # an unknown key explains a missing one, not the other way round
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    place = [str(part) for part in first["loc"]]
    if first["type"] != "extra_forbidden":
        said = first["msg"].removeprefix("Value error, ")
        return f"{'.'.join(place)}: {said}" if place else said
    known = list(DictionaryRecipe.model_fields)
    if place[0] != "dictionary":
        known = list(Recipe.model_fields) + known  # a key of a dictionary may stand in --set
    close = difflib.get_close_matches(place[-1], known, n=1, cutoff=0.0)[0]
    return (
        f"unknown key {'.'.join(place)}; did you mean {close!r}? docs/guides/train.md has them all"
    )
