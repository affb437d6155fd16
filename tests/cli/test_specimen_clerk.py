"""microtome specimen build clerk and report as a user runs them."""

import json
import os
import signal
from pathlib import Path

import pytest

from microtome.specimen.clerk import build
from microtome.specimen.clerk.stages import STAGES
from microtome.specimen.clerk.train import ClerkRecipe
from tests.cli.conftest import Run

_SMALL = ("-s", "cities=20", "-s", "states=4", "-s", "people=10", "-s", "held_out=0.05")
_SHORT = ("--length", "0.0003")


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch):
    """One layer, as many rows as a batch has parts."""
    import microtome.specimen.clerk.dictionaries  # noqa: F401  # its annotations need the class

    def recipe(world, length: float, seed: int) -> ClerkRecipe:
        return ClerkRecipe(world, 1, 16, 2, 32, rows=8, length=length, seed=seed)

    monkeypatch.setattr("microtome.specimen.clerk.train.ClerkRecipe", recipe)


@pytest.fixture
def models(run: Run, tmp_path: Path) -> Path:
    made = run("specimen", "build", "clerk", "-o", tmp_path / "clerk", "--stage", "chat", *_SHORT,
               *_SMALL)  # fmt: skip
    assert made.code == 0, made.err
    assert any(line.startswith("chat: step 0 of 1, loss ") for line in made.out.splitlines())
    return tmp_path / "clerk"


def test_a_clerk_is_built_kept_and_reported_on(run: Run, models: Path, tmp_path: Path):
    again = ("specimen", "build", "specimen:clerk", "-o", models, "--stage", "chat", *_SMALL)
    assert run(*again, *_SHORT) == (0, "", "")
    other = run(*again, *_SHORT, "--seed", 1)
    assert other.code == 2 and len(other.err.splitlines()) == 1
    assert "made with another recipe (recipe.world.seed = 0, not 1)" in other.err

    said = run("specimen", "report", "-m", models, "--json", "-o", tmp_path / "report.json")
    assert said.code == 0, said.err
    assert len(said.out.splitlines()) == 1
    found = json.loads(said.out)
    assert list(found) == ["base", "chat"]
    assert found["chat"]["behaviours"]["two-hop"]["verdict"] == "not learned"
    assert json.loads((tmp_path / "report.json").read_text()) == found

    again = ("specimen", "report", "-m", models, "-o", tmp_path / "report.json")
    html = ("--html", tmp_path / "clerk.html")
    assert "report.json exists; pass --force" in run(*again, *html).err
    assert not (tmp_path / "clerk.html").exists()
    assert run(*again, *html, "--force").code == 0
    written = (tmp_path / "clerk.html").read_text(encoding="utf-8")
    assert "two-hop, chat: " in written and "two-hop text, base: " in written
    refused = run("specimen", "report", "-m", models, *html)
    assert refused.code == 2 and "clerk.html exists; pass --force" in refused.err
    assert (tmp_path / "clerk.html").read_text(encoding="utf-8") == written

    table = run("specimen", "report", "clerk", "--models", models, "--stage", "base").out
    assert "two-hop text" in table and "chocolate" not in table
    assert max(map(len, table.splitlines())) <= 100


def test_ctrl_c_ends_with_a_sentence_and_the_same_command_goes_on(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    command = ("specimen", "build", "clerk", "-o", tmp_path / "c", "--stage", "base", *_SMALL,
               "--length", "0.001")  # fmt: skip
    train = build.train_stage

    def interrupted(recipe, stage, parent, checkpoint, report):
        return train(
            recipe, stage, parent, checkpoint, lambda *_: os.kill(os.getpid(), signal.SIGINT)
        )

    monkeypatch.setattr(build, "train_stage", interrupted)
    said = run(*command)
    assert said.code == 130
    assert said.err == (
        f"microtome: interrupted at step 1 of {round(STAGES['base'].steps / 1000)} of base; the "
        "same command goes on from there\n"
    )
    monkeypatch.setattr(build, "train_stage", train)
    rest = run(*command)  # the first step, which is said, is done
    assert (rest.code, rest.err) == (0, "") and rest.out.startswith("base: 2 steps, ")
    assert len(rest.out.splitlines()) == 1
    assert (tmp_path / "c" / "base" / "model" / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("build", "clerk", "-o", "x", "--stage", "chatt"), "did you mean 'chat'?"),
        (("build", "clerk", "-o", "x", "--length", "0"), "--length is 0; it must be above 0"),
        (("build", "clerk", "-o", "x", "--length", "nan"), "--length is nan"),
        (("build", "clerk", "-o", "x", "--seed", "-1"), "'--seed'"),
        (("build", "clerk", "-o", "x", "-s", "cities=500"), "from 20 to 140"),
        (("build", "clerk", "-o", "x", "-s", "citys=50"), "did you mean 'cities'?"),
        (("build", "clerk", "-o", "file"), "file is something else already"),
        (("build", "adder", "-o", "x", "--length", "0.1"), "are for the clerk"),
        (("report", "adder"), "adder has no stages to report on; clerk has"),
        (("report", "ader"), "did you mean 'adder'?"),
        (("report", "--stage", "hiden"), "did you mean 'hidden'?"),
        (("report", "-m", "nowhere"), "nowhere has no stage of the clerk"),
        (("report", "-m", "nowhere", "-o", "."), "is a folder; name a file"),
        (("report", "-m", "nowhere", "-o", "file"), "output file file exists; pass --force"),
        (("report", "-m", "nowhere", "--html", "."), "not a name for a page"),
        (("report", "-m", "nowhere", "--html", "clerk.json"), "not a name for a page"),
        (("report", "-m", "nowhere", "-o", "a.html", "--html", "a.html"), "both name a.html"),
    ],
)
def test_bad_input_is_one_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple, said: str
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    result = run("specimen", *arguments)
    assert result.code == 2
    assert said in result.err
    assert len(result.err.splitlines()) == 1
    assert not (tmp_path / "x").exists()
