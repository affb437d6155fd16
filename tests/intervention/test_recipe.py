"""Steering recipes: saved, read, refused."""

import json
from pathlib import Path

import pytest

from microtome.errors import MicrotomeError
from microtome.intervention import (
    Direction,
    Features,
    Generation,
    Head,
    Intervention,
    Recipe,
    load_recipe,
    save_recipe,
    steering_recipe,
)
from tests.circuit.dictionaries import tiny_dictionary
from tests.model.families import tiny_model


def recipe(family: str = "llama") -> Recipe:
    model = tiny_model(family)
    changed = [
        Intervention(what=Features.of((0, 1), (2, 3)), how="scale", value=3.0, positions=(1, -1)),
        Intervention(what=Head(layer=1, head=2), how="ablate", positions="generated"),
        Intervention(what=Direction(site="final", vector=(0.5, 1.0)), how="add", value=1.0),
    ]
    how = Generation(max_new_tokens=7, temperature=0.5, seed=4)
    return steering_recipe(model, tiny_dictionary(model), changed, how, "what it is for")


def test_a_recipe_comes_back_from_its_file(tmp_path: Path):
    save_recipe(recipe(), tmp_path / "new" / "recipe.json")
    assert load_recipe(tmp_path / "new" / "recipe.json") == recipe()
    raw = json.loads((tmp_path / "new" / "recipe.json").read_text())
    assert (raw["format"], raw["version"]) == ("microtome steering", 1)
    with pytest.raises(MicrotomeError, match="exists"):
        save_recipe(recipe(), tmp_path / "new" / "recipe.json")
    save_recipe(recipe("gpt2"), tmp_path / "new" / "recipe.json", force=True)
    assert load_recipe(tmp_path / "new" / "recipe.json").model.name == "gpt2"


def test_fingerprints_are_checked():
    model, other = tiny_model("llama"), tiny_model("llama", seed=1)
    dictionary = tiny_dictionary(model)
    recipe().check(model, dictionary)
    with pytest.raises(MicrotomeError, match="the recipe is for the model llama"):
        recipe().check(other, dictionary)
    with pytest.raises(MicrotomeError, match=r"for the dictionary tiny plt .* but tiny plt has"):
        recipe().check(model, tiny_dictionary(model, seed=2))
    with pytest.raises(MicrotomeError, match="name the dictionary"):
        recipe().check(model, None)


BAD = [
    (["generation", "seed"], -1, r"generation\.seed: .*greater than or equal to 0"),
    (["interventions", 0, "how"], "boost", r"interventions\.0\.how: .*'add'"),
    (["interventions", 0, "value"], None, r"interventions\.0: scale needs a value"),
    (["extra"], 1, r"extra: Extra inputs are not permitted"),
    (["version"], 2, "newer microtome"),
    (["version"], 0, "version: "),
    (["format"], "other", "is not a steering recipe"),
]


@pytest.mark.parametrize(("place", "value", "said"), BAD)
def test_a_field_that_cannot_be_is_named(place: list, value: object, said: str, tmp_path: Path):
    raw = json.loads(recipe().model_dump_json())
    *path, last = place
    inner = raw
    for step in path:
        inner = inner[step]
    inner[last] = value
    (tmp_path / "r.json").write_text(json.dumps(raw))
    with pytest.raises(MicrotomeError, match=said):
        load_recipe(tmp_path / "r.json")


def test_what_is_no_recipe(tmp_path: Path):
    with pytest.raises(MicrotomeError, match="does not exist"):
        load_recipe(tmp_path / "none.json")
    (tmp_path / "r.json").write_text("{")
    with pytest.raises(MicrotomeError, match="is not readable as JSON"):
        load_recipe(tmp_path / "r.json")


def test_features_are_of_a_dictionary_that_the_recipe_names(tmp_path: Path):
    model = tiny_model("llama")
    features = Intervention(what=Features.of((0, 1)), how="ablate")
    with pytest.raises(MicrotomeError, match="names no dictionary"):
        steering_recipe(model, None, [features])
    unnamed = recipe().model_copy(update={"dictionary": None})
    save_recipe(unnamed, str(tmp_path / "r.json"))
    with pytest.raises(MicrotomeError, match="names no dictionary"):
        load_recipe(str(tmp_path / "r.json")).check(model, tiny_dictionary(model))
