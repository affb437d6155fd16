"""microtome specimen as a user runs it."""

import json
from pathlib import Path

import pytest
import torch
from jsonschema import Draft202012Validator

from microtome.specimen import registry
from microtome.specimen.entry import Specimen
from microtome.specimen.registry import all_specimens
from microtome.specimen.truth import (
    Behaviour,
    Edge,
    Item,
    Truth,
    Variable,
    save_truth,
    truth_schema,
)
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("MICROTOME_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(registry, "_registered", {})


def test_list_names_every_specimen_and_its_parts(run: Run):
    registry.register_specimen(
        Specimen("porter", "carries", variants={"base": ("model",), "chat": ("model", "sae")})
    )
    said = run("specimen", "list")
    assert said.code == 0
    assert max(map(len, said.out.splitlines())) <= 100
    for specimen in all_specimens().values():
        assert f"specimen:{specimen.name}" in said.out
    rows = {line.split()[0]: line for line in said.out.splitlines()}
    assert rows["specimen:porter/chat"].split()[1:] == ["model,", "sae"]
    assert rows["specimen:adder"].rstrip().endswith("model, clt, plt, atlas")


def test_truth_is_a_summary(run: Run, tmp_path: Path):
    truth = Truth(
        specimen="parity",
        kind="compiled",
        about="Is the token odd?",
        variables=[
            Variable(name="token", site="tokens", values=[str(i) for i in range(9)]),
            Variable(
                name="parity", site="blocks.0.resid.post", values=["even", "odd"], directions="p"
            ),
        ],
        edges=[
            Edge(source="token", target="parity", via="attention", layer=0, head=1),
            Edge(source="token", target="parity", via="embedding"),
        ],
        behaviours=[
            Behaviour(
                name="says it",
                expected={"chat": "says even or odd"},
                items=[
                    Item(prompt="2 is", accepted=["even"], held_out=True),
                    Item(prompt="3 is", accepted=["odd"]),
                ],
            )
        ],
    )
    save_truth(truth, {"p": torch.eye(2)}, tmp_path / "truth")
    said = run("specimen", "truth", tmp_path / "truth").out
    assert "9: 0, 1, 2, 3, …" in said
    assert "blocks.0.resid.post" in said and "even, odd" in said and "directions" in said
    assert "head 1 of layer 0" in said and "the embedding" in said
    row = next(line for line in said.splitlines() if "says it" in line).split()
    assert row[2:4] == ["2", "1"]
    printed = run("specimen", "truth", tmp_path / "truth", "--json").out
    assert json.loads(printed) == truth.model_dump()


def test_the_truth_of_a_specimen_is_built_when_asked_for(run: Run, tmp_path: Path):
    for name in ("synthetic", "specimen:synthetic", "synthetic/truth"):
        said = run("specimen", "truth", name)
        assert said.code == 0, said.err
        assert "512 in 128 dimensions" in said.out
        assert "firings on 4,096 tokens" in said.out


def test_the_schema_is_printed(run: Run):
    assert json.loads(run("specimen", "truth", "--schema").out) == truth_schema()


def test_a_compiled_specimen_has_a_truth_by_the_schema(run: Run):
    printed = run("specimen", "truth", "reverse", "--json").out
    Draft202012Validator(truth_schema()).validate(json.loads(printed))
    said = run("specimen", "truth", "reverse").out
    assert "head 0 of layer 0" in said and "the unembedding" in said
    assert max(map(len, said.splitlines())) <= 100


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("truth", "revers"), "unknown truth 'revers'; did you mean 'reverse'?"),
        (("truth", "adder"), "'adder' has no truth"),
        (("truth",), "name a specimen"),
        (("build", "ader", "-o", "x"), "unknown specimen 'ader'; did you mean 'adder'?"),
        (("build", "adder", "-o", "x", "--seed", "-1"), "invalid value for '--seed'"),
        (("build", "adder", "-o", "x", "--seed", "9" * 30), "invalid value for '--seed'"),
        (("build", "reverse", "-o", "x", "--seed", "1"), "reverse is not trained, so it has no"),
        (("atlas", "synthetic", "-o", "x"), "'synthetic' has no model; it has truth"),
        (("atlas", "reverse", "-o", "x"), "microtome atlas build"),
        (("atlas", "ader", "-o", "x"), "unknown specimen 'ader'"),
        (("synthetic", "-o", "x", "-s", "active=600"), "active = 600 of 512 directions"),
        (("synthetic", "-o", "x", "-s", "nose=1"), "did you mean 'noise'?"),
        (("synthetic", "-o", "x", "--seed", "-1"), "seed: Input should be greater"),
    ],
)
def test_bad_input_is_one_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple, said: str
):
    monkeypatch.chdir(tmp_path)
    result = run("specimen", *arguments)
    assert result.code == 2
    assert said in result.err
    assert len(result.err.splitlines()) == 1
    assert not (tmp_path / "x").exists()


def test_an_output_that_exists_is_kept(run: Run, tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    said = run("specimen", "build", "synthetic", "-o", tmp_path / "out")
    assert said.code == 2 and "exists; name another folder to build in" in said.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]
    (tmp_path / "out" / "model").mkdir()
    (tmp_path / "out" / "model" / "weights").touch()
    said = run("specimen", "build", "adder", "-o", tmp_path / "out")
    assert said.code == 2 and "model is something else already" in said.err
    assert (tmp_path / "out" / "model" / "weights").exists()


def test_a_specimen_that_is_built_on_demand_can_be_built_elsewhere(run: Run, tmp_path: Path):
    said = run("specimen", "build", "synthetic", "-o", tmp_path / "out")
    assert (said.code, said.out) == (0, f"{tmp_path / 'out'}: truth\n")
    assert run("specimen", "truth", tmp_path / "out" / "truth").code == 0


def test_synthetic_activations_can_be_trained_on(run: Run, tmp_path: Path):
    out = tmp_path / "small world"
    small = ("-s", "d=8", "-s", "directions=16", "-s", "active=2")
    made = run("specimen", "synthetic", "-o", out, "--tokens", 500, *small)
    assert made.code == 0, made.err
    assert f"microtome train {out / 'recipe.toml'}" in made.out
    fast = ("-s", "steps=5", "-s", "warmup=2", "-s", "tensorboard=false")
    trained = run("train", out / "recipe.toml", "-o", tmp_path / "run", *fast)
    assert trained.code == 0, trained.err
    info = json.loads(run("info", tmp_path / "run" / "sae", "--json").out)
    assert info["reads"] == ["blocks.0.resid.post"]
    again = run("specimen", "synthetic", "-o", out, "--tokens", 500, *small)
    assert again.code == 2 and "--force" in again.err
    assert run("specimen", "synthetic", "-o", out, "--tokens", 400, *small, "--force").code == 0


def test_a_recipe_with_neither_model_nor_store_says_so(run: Run, tmp_path: Path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        'data = "store"\nstore = "nowhere"\nmax_tokens = 5\n[[dictionary]]\nkind = "sae"\n'
        'site = "final"\n'
    )
    said = run("train", recipe)
    assert said.code == 2
    assert "names no model and store 'nowhere' is not there" in said.err
