"""Folders of a compiled model."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from microtome.artifact import read_manifest
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.specimen.compiled import build_specimen, compile_program, save_compiled
from microtome.specimen.truth import load_truth


def test_saved_and_loaded(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    build_specimen("sort", tmp_path)
    assert capfd.readouterr() == ("", "")
    model = LanguageModel.load(tmp_path / "model")
    prompt = model.tokenize("3 1 3 0 >")
    answer = model.generate(prompt, max_new_tokens=8)[0, prompt.shape[1] :]
    assert [model.token_string(int(token)) for token in answer] == ["0", "1", "3", "3", "</s>"]
    truth, tensors = load_truth(tmp_path / "truth")
    assert (truth.specimen, truth.kind) == ("sort", "compiled")
    assert tensors["tokens"].shape == (512, 15)
    manifest = read_manifest(tmp_path / "truth", "truth")
    assert manifest.inputs == {"model": model.fingerprint}
    assert manifest.config["seed"] == 0


def test_plain_transformers_reads_it(tmp_path: Path):
    save_compiled(compile_program("induction"), tmp_path, texts=4)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    tokens = tokenizer("c a b c a", return_tensors="pt")
    with torch.no_grad():
        best = int(model(**tokens).logits[0, -1].argmax())
    assert tokenizer.decode([best]) == "b"


def test_an_output_that_exists_is_kept(tmp_path: Path):
    compiled = compile_program("induction")
    save_compiled(compiled, tmp_path, texts=4)
    with pytest.raises(MicrotomeError, match=r"model exists"):
        save_compiled(compiled, tmp_path, texts=4)
