"""microtome atlas build, as a user runs it."""

import json
import signal
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from microtome.artifact import read_manifest
from microtome.atlas.collect import Collector
from microtome.model import LanguageModel
from tests.circuit.dictionaries import tiny_dictionary
from tests.cli.conftest import Result, Run, write_dictionary


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sums with numbers that the tiny model's vocabulary has."""
    file = tmp_path_factory.mktemp("corpus") / "sums.jsonl"
    texts = [f"{a} + {b} = {a + b} , {b} + {a} =" for a in range(12) for b in range(6)]
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return file


@pytest.fixture(scope="module")
def few(tiny: LanguageModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PLT of so few features that the map needs no UMAP."""
    made = replace(tiny_dictionary(tiny, "plt", features=5), model=tiny.fingerprint)
    return write_dictionary(made, tmp_path_factory.mktemp("d") / "plt")


@pytest.fixture
def build(run: Run, model_folder: Path, few: Path, corpus: Path):
    def call(out: Path, *more: object) -> Result:
        named = ("-m", model_folder, "-c", corpus, "--examples", 3, "-o", out)
        return run("atlas", "build", few, *named, *more)

    return call


def refused(result: Result, *words: str) -> None:
    assert result.code == 2, result
    assert result.out == ""
    assert result.err.strip().count("\n") == 0, result.err
    for word in words:
        assert word in result.err, result.err


def test_an_atlas_of_a_corpus(build, run: Run, tmp_path: Path):
    out = tmp_path / "atlas"
    result = build(out)
    assert result.code == 0, result.err
    for words in ("15 features", "of 72 documents", "which is few", "microtome atlas show"):
        assert words in result.out
    manifest = read_manifest(out, "atlas")
    assert manifest.command[:3] == ["microtome", "atlas", "build"]
    assert manifest.config["examples"] == 3
    assert manifest.inputs["corpus"]
    assert pq.read_metadata(out / "features.parquet").num_rows == 15
    told = run("info", out)
    assert told.code == 0
    flat = " ".join(told.out.split())
    for words in ("kind atlas", "documents 72", "blocks.1.mlp.in: 5 features", "features 15"):
        assert words in flat
    assert json.loads(run("info", out, "--json").out)["features"] == 15


def test_an_atlas_that_exists(build, tmp_path: Path):
    out = tmp_path / "atlas"
    assert build(out).code == 0
    before = (out / "manifest.json").read_bytes()
    refused(build(out), "exists", "--force")
    assert (out / "manifest.json").read_bytes() == before
    assert build(out, "--force", "--tokens", 100).code == 0
    assert read_manifest(out).content["tokens"] < 100
    (out / "notes.txt").write_text("mine")
    refused(build(out, "--force"), "notes.txt")
    assert (out / "notes.txt").exists()


def test_an_interrupted_build_goes_on(build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out, whole = tmp_path / "atlas", tmp_path / "whole"
    assert build(whole).code == 0
    add = Collector._add

    def interrupt(self, collected, *arguments) -> None:
        add(self, collected, *arguments)
        signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(Collector, "_add", interrupt)
        stopped = build(out)
    assert stopped.code == 128 + signal.SIGTERM
    assert "the same command goes on from there" in stopped.err
    assert not out.exists()
    refused(build(out, "--sample", 8), "unfinished atlas with another options")
    assert build(out).code == 0
    for file in whole.glob("*.parquet"):
        assert file.read_bytes() == (out / file.name).read_bytes(), file.name
    assert sorted(path.name for path in tmp_path.iterdir()) == ["atlas", "whole"]


def test_bad_input(build, run: Run, model_folder: Path, few: Path, tmp_path: Path):
    out = tmp_path / "atlas"
    refused(build(out, "--memory-gb", 0.00001), "15 features needs", "--memory-gb")
    refused(build(out, "--field", "words"), "words")
    refused(build(out, "--context", 1), "context")
    missing = ("-c", tmp_path / "none.jsonl", "-o", out)
    refused(run("atlas", "build", few, "-m", model_folder, *missing), "does not exist")
    refused(run("atlas", "build", tmp_path / "no", "-m", model_folder, *missing), "no")
    assert not out.exists()
