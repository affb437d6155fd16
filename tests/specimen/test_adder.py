"""The adder's world, its operand plots, and the bundled model."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from microtome.circuit import trace
from microtome.errors import MicrotomeError
from microtome.evaluation import agreement
from microtome.specimen import load_atlas, load_dictionary, load_model, specimen_path
from microtome.specimen.adder import build, world
from microtome.specimen.adder.evaluate import accuracy
from microtome.specimen.adder.label import label_features
from microtome.specimen.adder.operands import describe_grid, operand_grids
from microtome.specimen.adder.tokenizer import build_tokenizer
from microtome.specimen.adder.train import AdderRecipe, train

A, B = torch.arange(100)[:, None], torch.arange(100)[None]


def test_every_pair_is_trained_on_or_held_out_once():
    split = world.split_pairs(0)
    assert len(split.held_out) == 1000
    every = torch.cat([split.train, split.held_out]).tolist()
    assert sorted(map(tuple, every)) == [(a, b) for a in range(100) for b in range(100)]
    assert torch.equal(world.split_pairs(0).held_out, split.held_out)
    assert not torch.equal(world.split_pairs(1).held_out, split.held_out)


@pytest.mark.parametrize("guise", world.GUISES)
def test_prompts_and_token_ids_agree(guise: str):
    pairs = torch.tensor([[36, 59], [0, 99]])
    tokenizer = build_tokenizer()
    ids = world.prompt_tokens(pairs, guise)
    for (a, b), row in zip(pairs.tolist(), ids, strict=True):
        assert tokenizer(world.prompt(a, b, guise))["input_ids"] == row.tolist()
    assert tokenizer.convert_ids_to_tokens(world.answers(pairs).tolist()) == ["95", "99"]


@pytest.mark.parametrize(
    ("grid", "text"),
    [
        ((B % 10 == 9) & (A >= 0), "second operand ends in 9"),
        ((A % 10 == 6) & (B >= 0), "first operand ends in 6"),
        ((A + B) % 10 == 5, "sum ends in 5"),
        ((A + B - 90).abs() <= 3, "sum 87–93"),
        ((A == 36) & (B >= 0), "first operand 36"),
        ((A >= 30) & (A < 40) & (B >= 0), "first operand 30–39"),
        ((A % 10 == 6) & (B % 10 == 9), "first ends in 6, second in 9"),
        ((A // 10 == 3) & (B // 10 == 5), "first 30–39, second 50–59"),
        ((A >= 0) & (B >= 0), "always on"),
        ((A < 0) & (B < 0), "never on"),
    ],
)
def test_operand_patterns_in_words(grid: torch.Tensor, text: str):
    assert describe_grid(grid.float()).text == text


def test_a_folder_keeps_one_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "train", stopped)
    with pytest.raises(KeyboardInterrupt):
        build.build_adder(tmp_path, 3, lambda _: None)
    with pytest.raises(MicrotomeError, match=r"another recipe \(seed = 3, not 0\); name another"):
        build.build_adder(tmp_path)


def test_noise_is_not_given_a_meaning():
    pattern = describe_grid(torch.rand(100, 100))
    assert pattern.text.startswith("mixed")
    assert pattern.fit < 0.5


def test_training_resumes_exactly(tmp_path: Path):
    recipe = AdderRecipe(layers=1, d_model=16, heads=2, d_mlp=32, steps=45, batch_size=14)
    whole = train(recipe)

    class Killed(Exception):
        pass

    def kill(step: int, _: float) -> None:
        if step == 40:
            raise Killed

    with pytest.raises(Killed):
        train(recipe, tmp_path / "checkpoint.safetensors", kill, save_every=15)
    resumed = train(recipe, tmp_path / "checkpoint.safetensors")
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)
    other = replace(recipe, seed=1)
    assert not torch.equal(
        next(train(replace(other, steps=1)).parameters()), next(whole.parameters())
    )


@pytest.fixture(scope="module")
def adder():
    return load_model("specimen:adder", device="cpu")


def test_the_bundled_adder_adds_held_out_pairs(adder):
    held_out = world.split_pairs(0).held_out
    first, *others = world.GUISES
    assert accuracy(adder, held_out, first) >= 0.995
    assert min(accuracy(adder, held_out, guise) for guise in others) >= 0.99


@pytest.mark.parametrize("part", ["clt", "plt"])
def test_bundled_dictionaries_stand_in_for_the_mlps(adder, part: str):
    dictionary = load_dictionary(f"specimen:adder/{part}")
    assert dictionary.kind == part
    assert dictionary.model == adder.fingerprint
    held_out = world.split_pairs(0).held_out
    same = agreement(
        adder, dictionary, [world.prompt_tokens(held_out, "equation")], slice(-1, None)
    )
    assert same.double().mean() >= (0.95 if part == "clt" else 0.9)
    graph = trace(adder, world.prompt(36, 59), dictionary)
    assert graph.residual.max() <= 1e-3
    assert graph.scores.replacement >= 0.8


def test_everything_bundled_is_under_12_megabytes():
    folder = specimen_path("specimen:adder", "model").parent
    assert sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) < 12e6


def test_graph_features_are_labelled_with_what_they_respond_to(adder):
    dictionary = load_dictionary("specimen:adder/plt")
    graph = label_features(trace(adder, world.prompt(36, 59), dictionary), adder, dictionary, 12)
    labels = [graph.nodes.label[int(i)] for i in graph.nodes.where("feature")]
    assert sum(bool(label) for label in labels) == 12
    assert any("sum" in label for label in labels)


def test_features_with_an_atlas_are_labelled_as_it_has_them(adder):
    dictionary, atlas = load_dictionary("specimen:adder"), load_atlas("specimen:adder")
    graph = label_features(trace(adder, world.prompt(36, 59), dictionary), adder, dictionary)
    nodes = graph.nodes
    for i in nodes.where("feature").tolist():
        assert nodes.label[i] == atlas.row(int(nodes.layer[i]), int(nodes.feature[i])).label
    assert "sum ends in 5" in nodes.label


def test_operand_grids_are_the_features_own_activations(adder):
    dictionary = load_dictionary("specimen:adder")
    graph = trace(adder, world.prompt(36, 59), dictionary)
    nodes = graph.nodes
    keys = [
        (int(nodes.layer[i]), int(nodes.feature[i]), int(nodes.position[i]))
        for i in nodes.where("feature")[:40]
    ]
    grids = operand_grids(adder, dictionary, keys)
    for i, key in zip(nodes.where("feature")[:40], keys, strict=True):
        assert grids[key][36, 59] == pytest.approx(float(nodes.activation[i]), abs=1e-3)
