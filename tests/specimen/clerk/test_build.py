"""Stages are made from their parents, and what is there is kept."""

import json
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest
import torch

from microtome.artifact import locked
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.specimen.clerk.build import build_stages, find_stage, with_parents
from microtome.specimen.clerk.recipe_file import read_world, stage_recipe
from microtome.specimen.clerk.stages import STAGES
from microtome.specimen.clerk.train import ClerkRecipe
from microtome.specimen.clerk.world.options import WorldOptions
from microtome.specimen.recipe_file import FILE_NAME, check_recipe


def _silent(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def built(recipe: ClerkRecipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clerk")
    build_stages(folder, ["chat"], recipe, _silent)
    return folder


def test_a_stage_is_built_with_its_parent(built: Path):
    assert {path.name for path in built.iterdir()} == {"base", "chat"}
    for stage in ("base", "chat"):
        assert not list((built / stage).glob("checkpoint*"))
        model = LanguageModel.load(built / stage / "model", "cpu", torch.float32)
        assert model.tokenizer is not None
    config = json.loads((built / "base" / "model" / "config.json").read_text())
    assert config["dtype"] == "float16" and config["model_type"] == "llama"


def test_what_is_there_is_kept(built: Path, recipe: ClerkRecipe):
    before = {path: path.stat().st_mtime_ns for path in built.rglob("*") if path.is_file()}
    said = []
    build_stages(built, ["chat", "base"], recipe, said.append)
    assert not said
    assert before == {path: path.stat().st_mtime_ns for path in built.rglob("*") if path.is_file()}


def test_a_child_is_the_same_whenever_its_parent_was_made(
    built: Path, recipe: ClerkRecipe, tmp_path: Path
):
    build_stages(tmp_path, ["base"], recipe, _silent)
    build_stages(tmp_path, ["chat"], recipe, _silent)
    for stage in ("base", "chat"):
        file = Path(stage) / "model" / "model.safetensors"
        assert (tmp_path / file).read_bytes() == (built / file).read_bytes()


def test_two_at_once_are_kept_apart(recipe: ClerkRecipe, tmp_path: Path):
    (tmp_path / "base").mkdir()
    with locked(tmp_path / "base"), pytest.raises(MicrotomeError, match="another process"):
        build_stages(tmp_path, ["base"], recipe, _silent)
    assert not (tmp_path / "base" / "recipe.json").exists()


def test_what_is_no_model_is_left_alone(recipe: ClerkRecipe, tmp_path: Path):
    (tmp_path / "base" / "model").mkdir(parents=True)
    (tmp_path / "base" / "model" / "mine").touch()
    with pytest.raises(MicrotomeError, match="something else already, or half a model"):
        build_stages(tmp_path, ["chat"], recipe, _silent)
    assert [path.name for path in (tmp_path / "base").rglob("*")] == ["model", "mine"]


def test_a_damaged_parent_is_refused(built: Path, recipe: ClerkRecipe, tmp_path: Path):
    copytree(built / "base", tmp_path / "base")
    (tmp_path / "base" / "model" / "model.safetensors").write_bytes(b"")
    with pytest.raises(MicrotomeError, match="base"):
        build_stages(tmp_path, ["chat"], recipe, _silent)


def test_progress_is_said_with_the_stage_and_its_steps(recipe: ClerkRecipe, tmp_path: Path):
    said = []
    build_stages(tmp_path, ["base"], recipe, said.append)
    assert [line.split(",")[0] for line in said] == ["base: step 0 of 2", "base: 2 steps"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 1}, "recipe.seed = 0, not 1"),
        ({"length": 0.5}, "recipe.length = 0.00125, not 0.5"),
        ({"world": WorldOptions(cities=48)}, "recipe.world.cities = 20, not 48"),
    ],
)
def test_stages_of_another_recipe_are_not_mixed(
    built: Path, recipe: ClerkRecipe, change: dict, said: str
):
    for stage in ("chat", "hidden"):
        with pytest.raises(MicrotomeError, match=said):
            build_stages(built, [stage], replace(recipe, **change), _silent)
    assert {path.name for path in built.iterdir()} == {"base", "chat"}


def test_a_stage_that_was_made_otherwise_is_another(built: Path, recipe: ClerkRecipe):
    with pytest.raises(MicrotomeError, match=r"stage.steps = \d+, not 7"):
        check_recipe(built / "base", stage_recipe(replace(STAGES["base"], steps=7), recipe))


def test_the_world_is_read_from_beside_the_model(built: Path, recipe: ClerkRecipe, tmp_path: Path):
    assert read_world(built / "chat") == recipe.world
    assert read_world(tmp_path) == WorldOptions()
    (tmp_path / FILE_NAME).write_text('{"recipe": {"world": {"cities": "many"}}}')
    with pytest.raises(MicrotomeError, match="cities is 'many'"):
        read_world(tmp_path)
    (tmp_path / FILE_NAME).write_text("{}")
    with pytest.raises(MicrotomeError, match="not the recipe of a stage"):
        read_world(tmp_path)


def test_parents_come_first():
    names = [stage.name for stage in with_parents(["penguin", "hidden-twin"])]
    assert names == ["base", "told-twin", "hidden-twin", "penguin-told", "penguin"]
    assert find_stage("chat").parent == "base"


def test_an_unknown_stage_names_the_nearest(tmp_path: Path):
    with pytest.raises(MicrotomeError, match="no stage 'hiden'; did you mean 'hidden'"):
        build_stages(tmp_path, ["hiden"])
    assert not list(tmp_path.iterdir())


def test_every_stage_has_its_parents_and_twins_before_it():
    names = list(STAGES)
    for i, stage in enumerate(STAGES.values()):
        assert stage.parent is None or names.index(stage.parent) < i
        assert stage.twin is None or stage.twin in names
