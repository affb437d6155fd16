"""The commands, run as a user runs them."""

import json
import subprocess
import sys
import time
from pathlib import Path

from tests.cli.conftest import Run

PROMPT = "3 + 4 ="


def test_trace_show_info_export(
    run: Run, model_folder: Path, dictionary_folder: Path, tmp_path: Path
):
    out = tmp_path / "graph"
    traced = run("trace", model_folder, PROMPT, "-d", dictionary_folder, "-o", out)
    assert traced.code == 0
    for words in ("Replacement score", "Strongest paths", "Where influence starts", str(out)):
        assert words in traced.out.replace("\n", "")
    assert max(map(len, traced.out.splitlines())) <= 100
    shown = run("show", out)
    assert shown.code == 0
    assert "Features with most influence" in shown.out
    assert json.loads(run("info", out, "--json").out)["kind"] == "graph"
    assert json.loads(run("info", model_folder, "--json").out)["family"] == "llama"
    assert json.loads(run("info", dictionary_folder, "--json").out)["dictionary"] == "clt"
    exported = tmp_path / "graph.json"
    assert run("export", out, exported).code == 0
    assert run("show", exported).code == 0
    assert json.loads(run("info", exported, "--json").out)["format"] == "Neuronpedia JSON"
    again = run("export", out, exported)
    assert again.code == 2
    assert "exists" in again.err


def test_json_output_is_one_object_and_nothing_else(
    run: Run, model_folder: Path, dictionary_folder: Path
):
    result = run("trace", model_folder, PROMPT, "-d", dictionary_folder, "--json")
    summary = json.loads(result.out)
    assert summary["scores"]["worst_residual"] < 1e-3
    assert summary["tokens"] == ["<s>", "3", "+", "4", "="]
    assert result.err == ""


def test_targets_from_the_command_line(run: Run, model_folder: Path, dictionary_folder: Path):
    arguments = ("trace", model_folder, PROMPT, "-d", dictionary_folder, "--json")
    tokens = json.loads(run(*arguments, "--token", "3", "--token", "5").out)
    assert [t["label"] for t in tokens["targets"]] == ["3", "5"]
    difference = json.loads(run(*arguments, "--token", "3", "--minus", "5").out)
    assert difference["targets"][0]["label"] == "“3” − “5”"
    feature = json.loads(run(*arguments, "--feature", "2/7@3").out)
    assert feature["targets"][0]["node"] == "L2/7@3"
    capped = json.loads(run(*arguments, "--max-features", "5").out)
    assert capped["info"]["expanded_features"] == 5
    assert capped["scores"]["unexpanded"] > 0


def test_train_makes_dictionaries_that_trace(run: Run, model_folder: Path, tmp_path: Path):
    recipe, corpus, out = tmp_path / "r.toml", tmp_path / "c.txt", tmp_path / "run"
    recipe.write_text(
        "context = 16\nsteps = 5\nbatch_size = 16\nbuffer = 64\n"
        "[[dictionary]]\nkind = 'plt'\nfeatures = 32\nk = [3, 5]\n"
    )
    corpus.write_text("\n\n".join(f"{i % 9} + {i % 7} =" for i in range(63)))
    settings = ("-s", f"model={model_folder}", "-s", f"corpus={corpus}")
    arguments = ("train", recipe, *settings, "-o", out)
    first = run(*arguments)
    assert first.code == 0
    assert "plt-k3" in first.out
    assert max(map(len, first.out.splitlines())) <= 100
    assert json.loads(run("info", out / "plt-k5", "--json").out)["dictionary"] == "plt"
    assert run("trace", model_folder, PROMPT, "-d", out / "plt-k3").code == 0
    assert "nothing to do" in run(*arguments).out
    assert run(*arguments, "-s", "steps=6").code == 2


def test_help_answers_within_a_second():
    start = time.perf_counter()
    command = [sys.executable, "-c", "from microtome.cli.app import main; main()", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "trace" in done.stdout
    heavy = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, microtome, microtome.cli.app\n"
            "print([m for m in ('torch', 'transformers', 'numpy') if m in sys.modules])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert heavy.stdout.strip() == "[]"
    assert time.perf_counter() - start < 30  # a hang, not a benchmark


def test_the_version_is_printed(run: Run):
    assert run("--version").out.startswith("microtome 0.")
