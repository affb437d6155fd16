"""microtome evaluate and microtome compare, as a user runs them."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from microtome.artifact import read_manifest
from microtome.data import held_out
from microtome.model import LanguageModel
from tests.circuit.dictionaries import tiny_dictionary
from tests.cli.conftest import Run, write_dictionary
from tests.evaluation.cases import random_sae
from tests.model.families import tiny_model


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sums, one text in five held out."""
    file = tmp_path_factory.mktemp("corpus") / "sums.jsonl"
    texts = [f"{a} + {b} = {a + b} , {b} + {a} =" for a in range(12) for b in range(6)]
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    assert 5 < sum(held_out(text, 0.2) for text in texts) < 30
    return file


@pytest.fixture(scope="module")
def plt_folder(tiny: LanguageModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = replace(tiny_dictionary(tiny, "plt", seed=5), model=tiny.fingerprint)
    return write_dictionary(made, tmp_path_factory.mktemp("d") / "plt")


def refused(result, *words: str) -> None:
    assert result.code == 2, result
    assert result.out == ""
    assert result.err.startswith("microtome: ")
    assert result.err.strip().count("\n") == 0, result.err
    for word in words:
        assert word in result.err, result.err


def test_a_report_of_two_dictionaries(
    run: Run, model_folder: Path, dictionary_folder: Path, plt_folder: Path, corpus: Path, tmp_path
):
    out = tmp_path / "report"
    arguments = ("-m", model_folder, "-c", corpus, "--held-out", 0.2, "-o", out)
    result = run("evaluate", dictionary_folder, plt_folder, *arguments)
    assert result.code == 0, result.err
    for words in ("Baselines", "NOT clearly beat", "Whole replacement model", "report.html"):
        assert words in " ".join(result.out.split()), result.out
    assert max(map(len, result.out.splitlines()[:-1])) <= 100
    manifest = read_manifest(out, "evaluation")
    assert manifest.config["held_out"] == 0.2
    assert manifest.config["corpus"] == str(corpus)
    refused(run("evaluate", plt_folder, *arguments), "exists", "--force")
    again = run("evaluate", plt_folder, *arguments, "--force", "--no-baselines", "--json")
    assert again.code == 0, again.err
    (found,) = json.loads(again.out)
    assert found["baselines"] == []
    assert found["per_feature"][0]["beats_linear"] is not None
    assert len(json.loads((out / "evaluation.json").read_text())) == 1


def test_labelled_texts_are_probed(
    run: Run, model_folder: Path, plt_folder: Path, corpus: Path, tmp_path: Path
):
    labels = tmp_path / "odd.jsonl"
    rows = [{"text": f"{i % 10} + {i % 7} =", "label": bool(i % 2)} for i in range(40)]
    labels.write_text("".join(json.dumps(row) + "\n" for row in rows))
    arguments = ("-m", model_folder, "-c", corpus, "--held-out", 0.2, "--no-baselines", "--json")
    result = run("evaluate", plt_folder, *arguments, "--probe", labels)
    assert result.code == 0, result.err
    probes = json.loads(result.out)[0]["probes"]
    odd = [probe for probe in probes if probe["task"] == "odd"]
    assert [probe["site"] for probe in odd] == [f"blocks.{i}.mlp.in" for i in range(3)]
    missing = run("evaluate", plt_folder, *arguments, "--probe", tmp_path / "no.jsonl")
    refused(missing, "no.jsonl do not exist")


def test_bad_input(
    run: Run, tiny: LanguageModel, model_folder: Path, plt_folder: Path, corpus: Path, tmp_path
):
    arguments = ("-m", model_folder, "-c", corpus)
    stranger = replace(tiny_dictionary(tiny), model="0123456789abcdef")
    folder = write_dictionary(stranger, tmp_path / "stranger")
    refused(run("evaluate", folder, *arguments), "0123456789abcdef", tiny.fingerprint)
    deep = write_dictionary(random_sae(site="blocks.9.mlp.out"), tmp_path / "deep")
    refused(run("evaluate", deep, *arguments), "blocks.9.mlp.out does not exist", "3 layers")
    wide = write_dictionary(tiny_dictionary(_wide()), tmp_path / "wide")
    refused(run("evaluate", wide, *arguments), "has width 12", "24")
    nothing = ("--held-out", 0)
    refused(run("evaluate", plt_folder, *arguments, *nothing), "no held-out document")
    refused(run("evaluate", plt_folder, *arguments, "--held-out", 1), "no training document")
    refused(run("evaluate", plt_folder, *arguments, "--held-out", 3), "between 0 and 1")
    refused(run("evaluate", plt_folder, "-m", model_folder, "-c", tmp_path / "no.txt"), "no.txt")
    refused(run("evaluate", tmp_path / "none", *arguments), "none")
    refused(run("evaluate", plt_folder.parent, *arguments), "pass that folder")
    here = ("compare", plt_folder, plt_folder, "-m", model_folder)
    refused(run(*here, "--text", ""), "the prompt is empty")
    refused(run(*here, "--corpus", ""), "has no name")
    file = tmp_path / "mine"
    file.mkdir()
    (file / "notes.txt").write_text("mine")
    refused(run("evaluate", plt_folder, *arguments, "-o", file, "--force"), "will not delete")
    assert (file / "notes.txt").read_text() == "mine"


def _wide():
    model = tiny_model("llama")
    model.d_model = 12
    return model


def test_a_dictionary_of_another_model_where_that_is_meant(
    run: Run, tiny: LanguageModel, model_folder: Path, corpus: Path, tmp_path: Path
):
    stranger = replace(tiny_dictionary(tiny), model="0123456789abcdef")
    folder = write_dictionary(stranger, tmp_path / "stranger")
    arguments = ("-m", model_folder, "-c", corpus, "--held-out", 0.2, "--no-baselines")
    assert run("evaluate", folder, *arguments, "--any-model").code == 0


def test_two_dictionaries_on_a_text_and_where_the_layer_decides(
    run: Run, model_folder: Path, dictionary_folder: Path, plt_folder: Path, corpus: Path
):
    arguments = ("compare", dictionary_folder, plt_folder, "-m", model_folder)
    result = run(*arguments, "--text", "3 + 4 =", "--site", "blocks.1.mlp.out")
    assert result.code == 0, result.err
    assert "blocks.1.mlp.out" in result.out
    assert "blocks.0.mlp.out" not in result.out
    flips = run(*arguments, "-c", corpus, "--held-out", 0.2, "--json")
    found = json.loads(flips.out)
    assert found["text"] is None
    assert [f["site"] for f in found["flips"]] == [f"blocks.{i}.mlp.out" for i in range(3)]
    linear = ("compare", plt_folder, "linear", "-m", model_folder)
    result = run(*linear, "-c", corpus, "--held-out", 0.2, "--text", "3 + 4 =")
    assert result.code == 0, result.err
    assert "linear map" in result.out
    refused(run(*linear, "-c", corpus, "--field", "story"), "story")
    refused(run(*linear, "--text", "3 + 4 ="), "pass --corpus")
    refused(run(*arguments), "nothing to compare on")
    refused(run(*arguments, "--text", "3", "--site", "blocks.7.mlp.out"), "in common")


def test_defaults_are_said_in_the_help(run: Run):
    for command, says in (("train", "runs/RECIPE"), ("evaluate", "as the dictionaries say")):
        assert says in " ".join(run(command, "--help").out.replace("│", " ").split())


def test_help_is_fast_and_needs_no_plots():
    """`microtome --help` loads neither torch nor matplotlib."""
    code = "import sys; import microtome.cli.app; print({'torch', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=True
    )
    assert done.stdout.strip() == "set()"
