"""microtome convert: one line of what was written, one sentence where it cannot be."""

import json
from pathlib import Path

import pytest
import torch

from microtome.dictionary import load_dictionary
from microtome.model import LanguageModel
from tests.circuit.dictionaries import tiny_dictionary
from tests.cli.conftest import Run, write_dictionary
from tests.cli.test_bad_input import refused


def test_there_and_back(run: Run, dictionary_folder: Path, tmp_path: Path):
    there, back = tmp_path / "there", tmp_path / "back"
    result = run("convert", dictionary_folder, there, "--to", "circuit-tracer")
    before = load_dictionary(dictionary_folder)
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        f"{there}: clt in circuit-tracer format, {len(before.reads)} sites, "
        f"{sum(before.n_features)} features\n"
    )
    assert run("convert", there, back, "--to", "microtome", "--dtype", "float16").code == 0
    after = load_dictionary(back)
    assert after.decoders[0].weight.dtype == torch.float16
    assert after.fingerprint != before.fingerprint
    xs = [torch.randn(6, before.d_in) for _ in before.reads]
    whole = load_dictionary(there).reconstruct(xs)
    for found, expected in zip(whole, before.reconstruct(xs), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_sites_that_the_files_do_not_say(run: Run, dictionary_folder: Path, tmp_path: Path):
    first, second = tmp_path / "first", tmp_path / "second"
    assert run("convert", dictionary_folder, first, "--to", "gemma-scope-2").code == 0
    (first / "config.json").unlink()
    refused(run("convert", first, second, "--to", "circuit-tracer"), "pass reads and writes")
    sites = ("--reads", "blocks.{layer}.mlp.in", "--writes", "blocks.{layer}.mlp.out")
    assert run("convert", first, second, "--to", "circuit-tracer", *sites).code == 0


def test_force_replaces_the_same_format_alone(run: Run, dictionary_folder: Path, tmp_path: Path):
    out = tmp_path / "out"
    command = ("convert", dictionary_folder, out, "--to")
    assert run(*command, "circuit-tracer").code == 0
    refused(run(*command, "circuit-tracer"), "exists; pass --force")
    assert run(*command, "circuit-tracer", "--force").code == 0
    refused(run(*command, "microtome", "--force"), "is not a microtome artifact")
    refused(run(*command, "gemma-scope-2", "--force"), "is not a dictionary in gemma-scope-2")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--to", "saelens"), "saelens holds SAEs and transcoders (PLTs) only"),
        (("--to", "sparsify"), "sparsify holds TopK dictionaries only"),
        (("--to", "onnx"), "unknown format 'onnx'; known: microtome, saelens, sparsify"),
        (("--to", "microtome", "--dtype", "int8"), "unknown dtype 'int8'; known: float32"),
        (("--to", "microtome", "--reads", "x"), "names its own sites"),
    ],
)
def test_bad_input(run: Run, dictionary_folder: Path, tmp_path: Path, options, says):
    refused(run("convert", dictionary_folder, tmp_path / "out", *options), says)
    assert not (tmp_path / "out").exists()


def test_a_source_that_is_none(run: Run, tmp_path: Path):
    refused(run("convert", tmp_path / "none", tmp_path / "out", "--to", "microtome"), "none")
    refused(run("convert", tmp_path, tmp_path / "out", "--to", "saelens"), "holds no dictionary")


def test_a_converted_dictionary_says_what_it_was_in_few_lines(
    run: Run, model_folder: Path, tiny: LanguageModel, tmp_path: Path
):
    plt = write_dictionary(tiny_dictionary(tiny, "plt"), tmp_path / "plt")
    there, back = tmp_path / "there", tmp_path / "back"
    assert run("convert", plt, there, "--to", "sparsify").code == 0
    assert run("convert", there, back, "--to", "microtome").code == 0
    facts = json.loads(run("info", back, "--json").out)
    assert facts["converted_from"] == "sparsify"
    assert "format" not in facts
    assert json.loads(run("info", there, "--json").out)["format"] == "sparsify"
    assert run("info", back).out.count("expansion_factor") == 1


def test_what_was_written_is_described_as_a_dictionary(
    run: Run, dictionary_folder: Path, tmp_path: Path
):
    """Gemma Scope 2 has a config.json beside safetensors, as a model has."""
    assert run("convert", dictionary_folder, tmp_path / "g", "--to", "gemma-scope-2").code == 0
    result = run("info", tmp_path / "g", "--json")
    assert (result.code, json.loads(result.out)["dictionary"]) == (0, "clt")


def test_code_in_a_source_does_not_run(run: Run, tmp_path: Path):
    class Hostile:
        def __reduce__(self):
            return (open, (str(tmp_path / "made"), "w"))

    source = tmp_path / "trainer_0"
    source.mkdir()
    trainer = {"dict_class": "AutoEncoder", "submodule_name": "resid_post_layer_0"}
    (source / "config.json").write_text(json.dumps({"trainer": trainer}))
    torch.save({"bias": Hostile()}, source / "ae.pt")
    refused(run("convert", source, tmp_path / "out", "--to", "microtome"), "ae.pt", "never run")
    assert not (tmp_path / "made").exists()
