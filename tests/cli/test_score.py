"""microtome score, run as a user runs it."""

import json
from pathlib import Path

import pytest

from microtome.artifact import read_manifest
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory):
    monkeypatch.setenv("MICROTOME_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def test_a_quick_scoreboard(run: Run, tmp_path: Path):
    out = tmp_path / "score"
    said = run("score", "--truth", "synthetic", "--quick", "--json", "--out", out)
    assert said.code == 0, said.err
    document = json.loads(said.out)
    assert document["seeds"] == [0]
    assert document["config"]["truths"] == ["synthetic"]
    (table,) = document["tables"]
    assert table["chance"]["mcc"]["value"] == pytest.approx(0.5, abs=0.1)
    assert {row["role"] for row in table["rows"]} == {
        "dictionary",
        "method",
        "random",
        "shuffled",
        "ceiling",
    }
    assert read_manifest(out, "score").config == document["config"]
    assert json.loads((out / "results.json").read_text(encoding="utf-8")) == document
    again = run("score", "--truth", "synthetic", "--quick", "--out", out)
    assert again.code == 2
    assert "exists" in again.err


def test_a_dictionary_in_a_folder(run: Run, dictionary_folder: Path, model_folder: Path):
    """The tiny model's dictionary is not of the circuit's width."""
    said = run("score", "--dictionary", dictionary_folder, "--truth", "parentheses")
    assert said.code == 2
    assert "has width" in said.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--truth", "revrse"], "unknown truth 'revrse'; did you mean 'reverse'?"),
        (["--dictionary", "specimen:adder"], "--truth is given 0 times"),
        (["--dictionary", "specimen:adder", "--truth", "sorrt"], "did you mean 'sort'?"),
        (["--dictionary", "specimen:adder", "--truth", "synthetic"], "directions of width"),
        (["--graph", "nowhere.json", "--truth", "parentheses"], "nowhere.json"),
    ],
)
def test_bad_input(run: Run, arguments: list[str], message: str):
    said = run("score", *arguments)
    assert said.code == 2
    assert message in said.err
    assert len(said.err.splitlines()) == 1


@pytest.mark.slow
def test_a_quick_scoreboard_of_everything(run: Run):
    said = run("score", "--quick")
    assert said.code == 0
    assert max(map(len, said.out.splitlines())) <= 100
    for title in ("synthetic: directions", "compiled: known", "compiled: edges", "by circuit"):
        assert title in said.out
