"""microtome heads, run as a user runs it."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_a_table_of_all_heads(run: Run, model_folder: Path, dictionary_folder: Path):
    result = run("heads", model_folder, dictionary_folder, "--prompt", "3 + 4 =")
    assert result.code == 0
    assert max(map(len, result.out.splitlines())) <= 100
    for words in ("Asymmetry", "2.3", "Heads that bring", "Looks at"):
        assert words in result.out


def test_one_head_in_full(run: Run, model_folder: Path, dictionary_folder: Path, tmp_path: Path):
    result = run("heads", model_folder, dictionary_folder, "--head", "2.1", "--limit", 3)
    assert result.code == 0
    assert max(map(len, result.out.splitlines())) <= 100
    for words in ("that the query reads most", "takes away", "Copy suppression of tokens"):
        assert words in result.out
    texts = tmp_path / "texts"
    texts.write_text("3 + 4 =\n\n1 + 2 =\n")
    out = run("heads", model_folder, dictionary_folder, "--head", "2.1", "-t", texts, "--json").out
    head = json.loads(out)["heads"][0]
    assert (head["layer"], head["head"]) == (2, 1)
    assert 0 < head["features"] < 64  # those that are active on the texts
    assert len(head["matches"]) == 8
    assert set(head["writes"][0]) == {"feature", "label", "value", "other"}


def test_json_has_the_graph_of_a_prompt(run: Run, model_folder: Path, dictionary_folder: Path):
    out = run("heads", model_folder, dictionary_folder, "--prompt", "3 + 4 =", "--json").out
    found = json.loads(out)
    assert len(found["heads"]) == 12
    shares = [head["share"] for head in found["graph"]["heads"]]
    assert abs(sum(shares) + found["graph"]["direct"]["share"] - 1) < 1e-6
    assert found["graph"]["residual"] < 1e-4


def test_bad_input_is_one_sentence(
    run: Run, model_folder: Path, dictionary_folder: Path, tmp_path: Path
):
    empty = tmp_path / "empty"
    empty.write_text("\n")
    for options, said in (
        (("--head", "2"), "is not LAYER.HEAD"),
        (("--head", "2.9"), "has 4 heads"),
        (("--head", "0.0"), "choose a later layer"),
        (("--head", "9.0"), "has 3 layers"),
        (("--texts", empty), "has no text"),
        (("--texts", tmp_path / "none"), "No such file"),
    ):
        result = run("heads", model_folder, dictionary_folder, *options)
        assert result.code == 2
        assert said in result.err
        assert result.err.count("\n") == 1


def test_another_model_and_a_prompt_that_is_none_are_refused(
    run: Run, dictionary_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    result = run("heads", "specimen:adder", dictionary_folder)
    assert result.code == 2 and "trained on this model" in result.err
    # before the long part
    monkeypatch.delattr("microtome.circuit.head_report.average_model")
    result = run("heads", "specimen:adder", "specimen:adder", "--prompt", " ")
    assert result.code == 2 and "the prompt is empty" in result.err
