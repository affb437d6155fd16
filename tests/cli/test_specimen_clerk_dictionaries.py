"""microtome specimen texts, atlas and build --dictionaries, on a clerk that is made in the test."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from microtome.specimen import registry
from microtome.specimen.clerk import atlas, dictionaries
from microtome.specimen.clerk.train import ClerkRecipe
from microtome.specimen.clerk.world.options import WorldOptions
from microtome.specimen.clerk.world.world import world_of
from microtome.training import make_recipe
from tests.cli.conftest import Run

_OPTIONS = WorldOptions(cities=20, states=4, people=10, held_out=0.05)
_SMALL = ("-s", "cities=20", "-s", "states=4", "-s", "people=10", "-s", "held_out=0.05")
_TABLE = {"features": 8, "k": 2}
_TINY = make_recipe(
    {
        "data": "memory",
        "steps": 4,
        "batch_size": 16,
        "tensorboard": False,
        "dictionary": [
            {"name": "clt", "kind": "clt"} | _TABLE,
            {"name": "sae", "kind": "sae", "layers": [0]} | _TABLE,
        ],
    }
)


@pytest.fixture
def _tiny(monkeypatch: pytest.MonkeyPatch):
    """One layer, dictionaries of eight features, an atlas over few texts of a small world."""

    def recipe(world, length: float, seed: int) -> ClerkRecipe:
        return ClerkRecipe(world, 1, 16, 2, 32, rows=8, length=length, seed=seed)

    monkeypatch.setattr("microtome.specimen.clerk.train.ClerkRecipe", recipe)
    build = partial(dictionaries.build_dictionaries, dictionaries=_TINY, texts=40)
    monkeypatch.setattr(dictionaries, "build_dictionaries", build)
    monkeypatch.setattr(
        atlas,
        "build_clerk_atlas",
        partial(atlas.build_clerk_atlas, texts=40, world=world_of(_OPTIONS)),
    )


@pytest.mark.usefixtures("_tiny")
def test_dictionaries_are_built_kept_and_have_an_atlas(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    command = ("specimen", "build", "clerk", "-o", tmp_path / "clerk", "--stage", "base",
               "--length", "0.0003", "--dictionaries", *_SMALL)  # fmt: skip
    made = run(*command)
    assert made.code == 0, made.err
    assert "base: step 4 of 4, clt FVU" in made.out
    assert run(*command) == (0, "", "")

    clerk = replace(registry._BUNDLED["clerk"], folder=tmp_path / "clerk")
    monkeypatch.setitem(registry._BUNDLED, "clerk", clerk)
    out = tmp_path / "atlas"
    said = run("specimen", "atlas", "clerk/base", "-o", out, "-d", "specimen:clerk/base/sae")
    assert said.code == 0, said.err
    assert said.out.startswith(f"{out}: 8 features over ")
    info = json.loads(run("info", out, "--json").out)
    assert info["kind"] == "atlas"
    again = run("specimen", "atlas", "clerk/base", "-o", out)
    assert again.code == 2 and "--force" in again.err and len(again.err.splitlines()) == 1
    other = run("specimen", "atlas", "clerk/base", "-o", tmp_path / "x", "-d", "specimen:adder")
    assert other.code == 2 and len(other.err.splitlines()) == 1
    assert not (tmp_path / "x").exists()


def test_texts_are_json_lines_by_seed(run: Run, tmp_path: Path):
    out = tmp_path / "chat.jsonl"
    texts = ("specimen", "texts", "clerk/chat", "-n", 12)
    said = run(*texts, "-o", out)
    assert said == (0, f"{out}: 12 texts of specimen:clerk/chat\n", "")
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 12 and all(row["text"].endswith(" </s>") for row in rows)
    kept = run(*texts, "-o", out, "--seed", 1)
    assert kept.code == 2 and "--force" in kept.err
    first = out.read_text()
    assert run(*texts, "-o", out, "--seed", 1, "--force").code == 0
    assert out.read_text() != first
    assert run(*texts, "-o", out, "--force").code == 0
    assert out.read_text() == first


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("texts", "clerk/chatt", "-o", "x"), "did you mean 'chat'?"),
        (("texts", "clark", "-o", "x"), "unknown specimen 'clark'; did you mean 'clerk'?"),
        (("texts", "adder", "-o", "x"), "specimen:adder reads no texts; the clerk does"),
        (("texts", "synthetic", "-o", "x"), "has no model"),
        (("texts", "clerk/chat/sae", "-o", "x"), "specimen:clerk/chat/sae is a dictionary"),
        (("texts", "clerk", "-o", "."), "output . is a folder; name a file"),
        (("texts", "clerk", "-o", "file"), "output file file exists; pass --force"),
        (("texts", "clerk", "-o", "file/x"), "cannot write file/x"),
        (("texts", "clerk", "-o", "x", "-n", "0"), "'--number'"),
        (("texts", "clerk", "-o", "x", "--seed", "-1"), "'--seed'"),
        (("atlas", "clerk/chatt", "-o", "x"), "did you mean 'chat'?"),
        (("atlas", "clerk/chat", "-o", "x"), "microtome specimen build clerk --out FOLDER"),
        (("atlas", "clerk/chat/sae", "-o", "x"), "specimen:clerk/chat/sae is a dictionary"),
        (("build", "adder", "-o", "x", "--dictionaries"), "--dictionaries are for the clerk"),
        (
            ("build", "clerk", "-o", "x", "--dictionaries", "--stage", "hiden"),
            "did you mean 'hidden'?",
        ),
    ],
)
def test_bad_input_is_one_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple, said: str
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(
        registry._BUNDLED, "clerk", replace(registry._BUNDLED["clerk"], folder=tmp_path / "none")
    )
    (tmp_path / "file").write_text("mine")
    result = run("specimen", *arguments)
    assert result.code == 2
    assert said in result.err
    assert len(result.err.splitlines()) == 1
    assert not (tmp_path / "x").exists()
    assert (tmp_path / "file").read_text() == "mine"
