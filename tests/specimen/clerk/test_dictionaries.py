"""Dictionaries of stages: trained once, gone on with, refused without the stage's model."""

import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from microtome.artifact import read_manifest
from microtome.artifact.interrupt import Interrupted
from microtome.dictionary import load_dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.specimen.clerk import dictionaries
from microtome.specimen.clerk.build import build_stages
from microtome.specimen.clerk.corpus import stage_texts
from microtome.specimen.clerk.dictionaries import (
    RUN,
    SAE_LAYER,
    build_dictionaries,
    dictionary_recipe,
    stage_blocks,
)
from microtome.specimen.clerk.stages import STAGES
from microtome.specimen.clerk.train import ClerkRecipe
from microtome.specimen.clerk.world.world import World
from microtome.training import Recipe, make_recipe

_TEXTS = 40


def _tiny() -> Recipe:
    """Of a model of one layer."""
    shared = {"features": 12, "k": 3}
    tables = [
        {"name": "clt", "kind": "clt"} | shared,
        {"name": "sae", "kind": "sae", "layers": [0]} | shared,
    ]
    run = {"data": "memory", "steps": 4, "batch_size": 16, "report_every": 2, "seed": 0}
    return make_recipe(run | {"tensorboard": False, "dictionary": tables})


@pytest.fixture(scope="module")
def models(recipe: ClerkRecipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    build_stages(folder, ["base"], recipe, lambda _: None)
    return folder


@pytest.fixture
def clerk(models: Path, tmp_path: Path) -> Path:
    """A folder with the model of base, to build in."""
    return Path(shutil.copytree(models, tmp_path / "clerk"))


@pytest.fixture
def build(recipe: ClerkRecipe, clerk: Path) -> Callable[..., list[str]]:
    """Build a stage's dictionaries; returns what was said."""

    def call(*names: str) -> list[str]:
        said: list[str] = []
        build_dictionaries(clerk, names or ["base"], recipe, _tiny(), _TEXTS, said.append)
        return said

    return call


def _fingerprints(stage: Path) -> list[str]:
    return [load_dictionary(stage / kind).fingerprint for kind in ("clt", "sae")]


def _files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_the_recipe_is_a_clt_and_an_sae_on_one_pass_of_data():
    made = dictionary_recipe(seed=3, steps=70)
    assert (made.seed, made.steps) == (3, 70)
    clt, sae = made.dictionary
    assert (clt.name, clt.kind, clt.layers) == ("clt", "clt", "all")
    assert (sae.name, sae.kind, sae.layers) == ("sae", "sae", (SAE_LAYER,))
    assert ClerkRecipe().layers > SAE_LAYER
    with pytest.raises(MicrotomeError, match="steps"):
        dictionary_recipe(steps=0)


def test_blocks_are_the_texts_of_the_stage_and_none_is_padded(models: Path, small_world: World):
    model = LanguageModel.load(models / "base" / "model", "cpu", torch.float32)
    words = small_world.vocabulary()
    blocks = stage_blocks(small_world, STAGES["chat"], model, "corpus", 30, seed=5)
    read = [" ".join(words[i] for i in row) for block in blocks for row in block.tolist()]
    texts = stage_texts(small_world, STAGES["chat"], 30, seed=5)
    assert sorted(read) == sorted(f"<s> {text}" for text in texts)
    assert len({block.shape[1] for block in blocks}) == len(blocks)


def test_both_are_saved_beside_the_model_that_they_fit(clerk: Path, build):
    said = build()
    assert {path.name for path in (clerk / "base").iterdir()} == {
        ".lock", "model", "recipe.json", "clt", "sae",
    }  # fmt: skip
    model = LanguageModel.load(clerk / "base" / "model", "cpu")
    clt, sae = (load_dictionary(clerk / "base" / kind) for kind in ("clt", "sae"))
    assert clt.model == sae.model == model.fingerprint
    assert (clt.reads, clt.writes) == (("blocks.0.mlp.in",), ("blocks.0.mlp.out",))
    assert sae.reads == sae.writes == ("blocks.0.resid.post",)
    weight = sae.encoders[0].weight
    assert torch.equal(weight, weight.half().float())  # saved in 16 bits
    config = read_manifest(clerk / "base" / "clt", "dictionary").config
    assert config["corpus"] == "texts of the clerk's stage base, seed 0"
    assert config["steps"] == 4
    assert said[0].startswith("base: step 4 of 4, clt FVU ") and "; sae FVU " in said[0]
    assert said[1].startswith("base: dictionaries, ") and len(said) == 2


def test_what_is_there_is_kept_and_what_is_left_of_its_training_goes(clerk: Path, build):
    build()
    before = _files(clerk)
    (clerk / "base" / RUN).mkdir()
    (clerk / "base" / RUN / "metrics.jsonl").touch()
    assert build() == []
    assert _files(clerk) == before
    assert not (clerk / "base" / RUN).exists()


def test_an_interrupted_training_ends_the_same(clerk: Path, build, monkeypatch: pytest.MonkeyPatch):
    build()
    whole = _fingerprints(clerk / "base")
    for kind in ("clt", "sae"):
        shutil.rmtree(clerk / "base" / kind)
    train, steps = dictionaries.train, []

    def train_and(then: Callable) -> Callable:
        return lambda recipe, model, blocks, run, _: train(recipe, model, blocks, run, then)

    monkeypatch.setattr(
        dictionaries, "train", train_and(lambda _: os.kill(os.getpid(), signal.SIGINT))
    )
    with pytest.raises(Interrupted) as stop:
        build()
    assert str(stop.value) == (
        "interrupted at step 2 of 4 of the dictionaries of base; the same command goes on from "
        "there"
    )
    assert stop.value.signal_number == signal.SIGINT
    assert (clerk / "base" / RUN).is_dir() and not (clerk / "base" / "clt").exists()
    monkeypatch.setattr(dictionaries, "train", train_and(lambda p: steps.append(p.step)))
    build()
    assert steps == [4]
    assert _fingerprints(clerk / "base") == whole
    assert not (clerk / "base" / RUN).exists()


def test_without_all_models_nothing_is_trained(clerk: Path, build):
    before = _files(clerk)
    with pytest.raises(MicrotomeError) as error:
        build("base", "hidden")
    assert str(error.value) == (
        f"{clerk} has no model of the clerk's stage 'hidden'; make it first: microtome specimen "
        f"build clerk --out {clerk} --stage hidden"
    )
    (clerk / "base" / "model" / "tokenizer.json").unlink()  # written last
    with pytest.raises(MicrotomeError, match="no model of the clerk's stage 'base'"):
        build("base")
    with pytest.raises(MicrotomeError, match="no stage 'hiden'; did you mean 'hidden'"):
        build("hiden")
    assert set(_files(clerk)) < set(before)


def test_what_was_made_otherwise_is_not_replaced(clerk: Path, build, recipe: ClerkRecipe):
    (clerk / "base" / "clt").mkdir()
    (clerk / "base" / "clt" / "mine.txt").write_text("mine")
    with pytest.raises(MicrotomeError, match=r"base/clt is something else already"):
        build()
    shutil.rmtree(clerk / "base" / "clt")
    build()
    other = make_recipe(_tiny().model_dump() | {"seed": 1})
    before = _files(clerk)
    with pytest.raises(MicrotomeError, match="or was trained otherwise"):
        build_dictionaries(clerk, ["base"], recipe, other, _TEXTS)
    assert _files(clerk) == before


def test_a_model_of_another_recipe_is_refused(clerk: Path, recipe: ClerkRecipe):
    with pytest.raises(MicrotomeError, match=r"recipe.seed = 0, not 1"):
        build_dictionaries(clerk, ["base"], replace(recipe, seed=1), _tiny(), _TEXTS)
    assert not (clerk / "base" / "clt").exists()
