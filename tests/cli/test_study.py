"""microtome study, run as a user runs it."""

import json
from pathlib import Path

import pytest

from microtome.study.addition import AdditionStudy
from tests.cli.conftest import Run


@pytest.mark.slow
@pytest.mark.parametrize("dictionary", ["specimen:adder", "specimen:adder/plt"])
def test_the_whole_study(run: Run, tmp_path: Path, dictionary: str):
    out = tmp_path / "study"
    said = run("study", "addition", "-d", dictionary, "-o", out)
    assert said.code == 0
    assert max(map(len, said.out.splitlines())) <= 100
    study = AdditionStudy.model_validate(json.loads((out / "addition.json").read_text()))
    assert study.options.pairs == 200
    assert study.accuracy["equation"].value > 0.99
    assert study.responses.permuted == {"ones": 0, "magnitude": 0}


def test_bad_input(run: Run, dictionary_folder: Path, tmp_path: Path):
    said = run("study", "addition", "--prompts", 5)
    assert said.code == 2
    for seed in (-1, 2**64):
        said = run("study", "addition", "--prompts", 10, "--seed", seed)
        assert said.code == 2 and f"seed {seed} is not" in said.err
    said = run("study", "addition", "-d", "specimen:nothing")
    assert said.code == 2
    said = run("study", "addition", "-d", dictionary_folder)
    assert said.code == 2
    assert len(said.err.splitlines()) == 1
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    said = run("study", "addition", "-o", tmp_path / "mine", "--force")
    assert said.code == 2
    assert "not a microtome artifact" in said.err
