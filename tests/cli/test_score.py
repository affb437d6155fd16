"""microtome score, run as a user runs it."""

import json
import os
import signal
from pathlib import Path

import pytest

from microtome.artifact import read_manifest
from microtome.dictionary import save_dictionary
from microtome.specimen.score.dictionaries import principal_dictionary
from microtome.specimen.synthetic import SyntheticOptions, SyntheticStream, synthetic_truth
from microtome.specimen.truth import save_truth
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
    assert "synthetic: directions" in (out / "report.html").read_text(encoding="utf-8")
    again = run("score", "--truth", "synthetic", "--quick", "--out", out)
    assert again.code == 2
    assert "exists" in again.err


def test_a_dictionary_in_a_folder(run: Run, dictionary_folder: Path, model_folder: Path):
    """The tiny model's dictionary is not of the circuit's width."""
    said = run("score", "--dictionary", dictionary_folder, "--truth", "parentheses")
    assert said.code == 2
    assert "has width" in said.err


def test_a_dictionary_from_elsewhere_in_a_table(run: Run, tmp_path: Path):
    stream = SyntheticStream(SyntheticOptions(d=8, directions=16, active=2))
    save_truth(*synthetic_truth(stream, rows=900), tmp_path / "truth")
    x = stream.sample(500, 3).activations
    save_dictionary(principal_dictionary(x, "blocks.0.resid.post", 2), tmp_path / "mine")
    said = run("score", "-d", tmp_path / "mine", "-t", tmp_path / "truth", "--seeds", 2)
    assert said.code == 0, said.err
    assert max(map(len, said.out.splitlines())) <= 100
    for word in ("mine", "random dictionary", "linear probe", "chance"):
        assert word in said.out
    assert "mean over 2 splits of one sample, no interval" in said.out
    assert "±" not in said.out
    given = ("score", "-d", tmp_path / "mine", "-t", tmp_path / "truth", "--json")
    document = json.loads(run(*given, "--seeds", 2).out)
    assert document["interval"] is None
    assert not any(
        "low" in s for row in document["tables"][0]["rows"] for s in row["figures"].values()
    )
    said = run("score", "-t", tmp_path / "truth")
    assert said.code == 2
    assert "truth is of synthetic activations: score a dictionary on it" in said.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--truth", "revrse"], "unknown truth 'revrse'; did you mean 'reverse'?"),
        (["--dictionary", "specimen:adder"], "--truth is given 0 times"),
        (["--dictionary", "specimen:adder", "--truth", "sorrt"], "did you mean 'sort'?"),
        (["--dictionary", "specimen:adder", "--truth", "synthetic"], "directions of width"),
        (["--graph", "nowhere.json", "--truth", "parentheses"], "nowhere.json"),
        (["--truth", "sort", "--model", "gpt2"], "no truth is a folder; leave it out"),
        (["--dictionary", "specimen:adder", "--truth", "sort", "--model", "gpt2"], "is a specimen"),
        (["--quick", "--seeds", "5"], "--quick has one seed, and --seeds is 5"),
        (["--quick", "--graph", "x.json", "--truth", "sort"], "leave --quick out"),
        (["--jobs", "2", "--dictionary", "x", "--truth", "sort"], "leave --jobs out"),
    ],
)
def test_bad_input(run: Run, arguments: list[str], message: str):
    said = run("score", *arguments)
    assert said.code == 2
    assert message in said.err
    assert len(said.err.splitlines()) == 1


def test_an_interruption_is_one_word(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """SIGTERM while dictionaries are trained: the trainer ends its step."""

    def stopped(*_: object):
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("microtome.specimen.score.synthetic.training_report", lambda *_: stopped)
    out = tmp_path / "score"
    said = run("score", "--truth", "synthetic", "--quick", "--jobs", 1, "--out", out)
    assert said.code == 128 + signal.SIGTERM
    assert said.err.strip() == "microtome: interrupted"
    assert not out.exists()


@pytest.mark.slow
def test_a_quick_scoreboard_of_everything(run: Run):
    said = run("score", "--quick")
    assert said.code == 0
    assert max(map(len, said.out.splitlines())) <= 100
    for title in ("synthetic: directions", "compiled: known", "compiled: edges", "by circuit"):
        assert title in said.out
