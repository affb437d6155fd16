"""Synthetic activations on disk: the store, the truth beside, and the recipe that trains on it."""

import json
from pathlib import Path

import pytest
import torch
from jsonschema import Draft202012Validator

from microtome.data import ActivationStore, ShuffleBuffer, TokenPolicy
from microtome.errors import MicrotomeError
from microtome.evaluation import match_directions
from microtome.specimen import load_truth
from microtome.specimen.synthetic import (
    SyntheticOptions,
    SyntheticSource,
    SyntheticStream,
    save_synthetic,
)
from microtome.specimen.truth import truth_schema
from microtome.training import load_recipe
from microtome.training.from_store import train_from_store

OPTIONS = SyntheticOptions(d=16, directions=20, active=1.5, noise=0.02)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synthetic")
    save_synthetic(folder, OPTIONS, 5000, truth_rows=100)
    return folder


def test_the_store_holds_the_stream(saved: Path):
    store = ActivationStore(saved / "store")
    assert len(store) == 5000
    assert store.policy == TokenPolicy(False, False)
    assert "model" not in store.manifest.inputs
    assert store.manifest.config["synthetic"]["directions"] == 20
    rows = store.next(5000)[store.sites[0]]
    drawn = SyntheticStream(OPTIONS).sample(5000, 0).activations
    assert torch.equal(rows[rows[:, 0].argsort()], drawn[drawn[:, 0].argsort()])


def test_the_truth_is_of_another_stream(saved: Path):
    truth, tensors = load_truth(saved / "truth")
    stream = SyntheticStream(OPTIONS)
    held_out = stream.sample(100, 1)
    assert truth.kind == "synthetic"
    assert torch.equal(tensors["directions"], stream.world.directions)
    assert torch.equal(tensors["activations"], held_out.activations)
    dense = torch.zeros(100, 20)
    dense[tensors["firing_row"], tensors["firing_direction"]] = tensors["firing_value"]
    assert torch.equal(dense, held_out.firings.dense())
    document = json.loads((saved / "truth" / "truth.json").read_text())
    Draft202012Validator(truth_schema()).validate(document)


def test_the_recipe_trains_on_the_store_and_finds_the_directions(saved: Path):
    recipe = load_recipe(saved / "recipe.toml", ["steps=500", "warmup=20", "batch_size=256"])
    made = train_from_store(recipe)["sae"]
    assert made.model == ""
    _, tensors = load_truth(saved / "truth")
    match = match_directions(made.decoders[0].weight[:, 0], tensors["directions"])
    random = torch.randn(20, 16, generator=torch.Generator().manual_seed(0))
    chance = match_directions(random, tensors["directions"])
    assert match.mcc > 0.75 > 0.45 > chance.mcc


def test_an_output_that_exists_is_kept(saved: Path, tmp_path: Path):
    with pytest.raises(MicrotomeError, match="store exists"):
        save_synthetic(saved, OPTIONS, 50)
    (tmp_path / "recipe.toml").write_text("mine")
    with pytest.raises(MicrotomeError, match=r"recipe\.toml exists"):
        save_synthetic(tmp_path, OPTIONS, 50)
    assert [path.name for path in tmp_path.iterdir()] == ["recipe.toml"]
    save_synthetic(tmp_path, OPTIONS, 50, force=True)
    save_synthetic(tmp_path, OPTIONS, 60, force=True)
    assert len(ActivationStore(tmp_path / "store")) == 60


def test_an_interrupted_call_goes_on(tmp_path: Path):
    class Stop(Exception):
        pass

    def stop(rows: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        save_synthetic(tmp_path, OPTIONS, 5000, progress=stop)
    assert not (tmp_path / "store").exists()
    with pytest.raises(MicrotomeError, match="truth exists"):
        save_synthetic(tmp_path, OPTIONS, 4000)
    save_synthetic(tmp_path, OPTIONS, 5000)
    assert len(ActivationStore(tmp_path / "store")) == 5000
    other = OPTIONS.model_copy(update={"seed": 1})
    with pytest.raises(Stop):
        save_synthetic(tmp_path / "two", OPTIONS, 5000, progress=stop)
    save_synthetic(tmp_path / "two", other, 5000, force=True)
    made = ActivationStore(tmp_path / "two" / "store").manifest.config["synthetic"]
    assert made["seed"] == 1
    assert sorted(path.name for path in (tmp_path / "two").iterdir()) == [
        "recipe.toml",
        "store",
        "truth",
    ]


@pytest.mark.parametrize("rows", [(0, 10), (10, 0)])
def test_no_rows_are_refused(tmp_path: Path, rows: tuple[int, int]):
    with pytest.raises(MicrotomeError, match="give at least 1 each"):
        save_synthetic(tmp_path, OPTIONS, rows[0], truth_rows=rows[1])


def test_a_source_can_be_entered_anywhere_and_shuffled():
    stream = SyntheticStream(OPTIONS)
    source = SyntheticSource(stream, seed=3)
    rows = next(iter(source(2)))
    assert torch.equal(rows.activations[source.sites[0]], stream.block(3, 2).activations)
    assert int(rows.tokens[0]) == 2 * stream.block_rows
    buffer = ShuffleBuffer(source, 256)
    assert buffer.next(64)[source.sites[0]].shape == (64, 16)
