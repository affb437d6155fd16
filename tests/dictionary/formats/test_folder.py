"""Outputs that exist, cannot be written or are cut short."""

import pytest
import torch

from microtome.dictionary import load_dictionary
from microtome.dictionary.formats import FORMATS, check_destination, save_as
from microtome.errors import MicrotomeError
from tests.dictionary.formats.layers import files, only, refused, sample


def test_an_output_that_exists(tmp_path):
    d, path = sample("sae", "relu"), tmp_path / "d"
    path.mkdir()
    save_as(d, path, "saelens")
    refused(d, path, "saelens", "output folder .*d exists; pass --force")
    save_as(only(d, 1), path, "saelens", force=True)
    assert files(path) == ["cfg.json", "sae_weights.safetensors"]
    refused(d, path, "gemma-scope", "is not a dictionary in gemma-scope format", force=True)
    (path / "notes.txt").write_text("mine")
    refused(d, path, "saelens", "holds notes.txt, which is no part of", force=True)
    assert (path / "notes.txt").read_text() == "mine"
    refused(d, path / "notes.txt", "saelens", "exists and is not a folder", force=True)
    (tmp_path / "link").symlink_to(path)
    refused(d, tmp_path / "link", "saelens", "exists and is not a folder", force=True)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["d", "link"]


def test_a_folder_of_configurations_alone_is_not_replaced(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "config.json").write_text("{}")
    d = sample("sae", "relu")
    refused(d, tmp_path / "d", "gemma-scope", "is not a dictionary", force=True)


def test_a_dictionary_may_replace_the_one_it_is_read_from(tmp_path):
    d = sample("sae", "relu")
    for to in ("saelens", "dictionary_learning"):
        save_as(d, tmp_path / to, to)
        save_as(load_dictionary(tmp_path / to), tmp_path / to, to, force=True, dtype=torch.float16)
        read = load_dictionary(tmp_path / to)
        assert torch.equal(read.decoders[0].weight, d.decoders[0].weight.half())


def test_nothing_is_left_of_a_folder_that_could_not_be_written(tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    d = sample("sae", "relu")
    save_as(d, tmp_path / "d", "saelens")
    before = files(tmp_path)
    monkeypatch.setattr("microtome.dictionary.formats.saelens.write.write_json", fail)
    for path in (tmp_path / "d", tmp_path / "new"):
        refused(d, path, "saelens", "cannot write .*: No space left on device", force=True)
    assert files(tmp_path) == before


def test_an_unknown_format(tmp_path):
    refused(sample(), tmp_path / "d", "onnx", "unknown format 'onnx'; known: microtome, saelens")
    with pytest.raises(MicrotomeError, match="unknown format"):
        check_destination(tmp_path / "d", "onnx")


@pytest.mark.parametrize("to", FORMATS)
def test_a_place_that_cannot_be_written(tmp_path, to):
    (tmp_path / "file").write_text("")
    d = sample("plt" if to == "circuit-tracer" else "sae", "topk" if to == "sparsify" else "relu")
    refused(d, tmp_path / "file" / "d", to, "cannot write")
