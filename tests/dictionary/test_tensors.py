import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from microtome.artifact.json_file import read_json
from microtome.dictionary.tensors import NpzFile, TensorFile
from microtome.errors import MicrotomeError


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.safetensors"
    save_file({"w": torch.randn(3, 2), "k": torch.tensor(4)}, path)
    return TensorFile(path)


def test_take_binds_sizes_and_checks_them(file):
    sizes: dict[str, int] = {}
    assert file.take("w", "rows columns", sizes).shape == (3, 2)
    assert sizes == {"rows": 3, "columns": 2}
    with pytest.raises(
        MicrotomeError, match=r"shape \(3, 2\), expected \(rows=3, columns=2, other\)"
    ):
        file.take("w", "rows columns other", sizes)
    with pytest.raises(MicrotomeError, match=r"expected \(rows=3, rows=3\)"):
        file.take("w", "rows rows", sizes)


@pytest.mark.parametrize(
    ("name", "says"), [("k", "torch.int64, expected floating"), ("x", "no tensor 'x'; it has k, w")]
)
def test_take_refuses_and_says_why(file, name, says):
    with pytest.raises(MicrotomeError, match=says):
        file.take(name, "n", {})


def test_it_is_a_mapping(file):
    assert set(file) == {"w", "k"} and len(file) == 2 and "w" in file
    assert file.get("x") is None
    assert file.get("k") is file["k"]


@pytest.mark.parametrize("length", [0, 5, 60])
def test_truncated_safetensors(tmp_path, length):
    whole = tmp_path / "a.safetensors"
    save_file({"w": torch.randn(30, 20)}, whole)
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(whole.read_bytes()[:length])
    with pytest.raises(MicrotomeError, match=r"cut.safetensors is truncated or not a safetensors"):
        TensorFile(cut)


def test_safetensors_with_its_end_missing(tmp_path):
    path = tmp_path / "a.safetensors"
    save_file({"w": torch.randn(30, 20)}, path)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(MicrotomeError, match="truncated"):
        TensorFile(path)


@pytest.mark.parametrize("kind", [TensorFile, NpzFile])
def test_a_missing_file(tmp_path, kind):
    with pytest.raises(MicrotomeError, match=r"gone does not exist"):
        kind(tmp_path / "gone")


def test_npz_arrays_keep_their_dtype(tmp_path):
    path = tmp_path / "params.npz"
    np.savez_compressed(path, a=np.ones((2, 3), np.float32), b=np.ones(2, np.float16))
    file = NpzFile(path)
    assert file["a"].dtype == torch.float32
    assert file["b"].dtype == torch.float16


def test_pickled_npz_is_never_read(tmp_path):
    path = tmp_path / "params.npz"
    np.savez(path, allow_pickle=True, a=np.array([{"x": 1}], dtype=object))
    with pytest.raises(MicrotomeError, match="pickled arrays are never read"):
        NpzFile(path)


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04cut", b"\x80\x04pickle"])
def test_garbage_npz(tmp_path, content):
    path = tmp_path / "params.npz"
    path.write_bytes(content)
    with pytest.raises(MicrotomeError, match=r"params.npz is truncated or not an npz") as caught:
        NpzFile(path)
    assert "\n" not in str(caught.value)


def test_npz_that_is_cut_or_a_bare_array_or_of_text(tmp_path):
    whole = tmp_path / "whole.npz"
    np.savez(whole, a=np.ones(100))
    (tmp_path / "cut.npz").write_bytes(whole.read_bytes()[:300])
    with (tmp_path / "bare.npz").open("wb") as bare:
        np.save(bare, np.ones(3))
    np.savez(tmp_path / "text.npz", a=np.array(["x"]))
    for name in ("cut", "bare", "text"):
        with pytest.raises(MicrotomeError, match=f"{name}.npz is truncated or not an npz"):
            NpzFile(tmp_path / f"{name}.npz")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "not readable as JSON"),
        (b"\xff\xfe", "not readable as JSON"),
        (b"[" * 100_000, "not readable as JSON"),
        (b"[1]", "holds a list, expected a JSON object"),
    ],
)
def test_garbage_json(tmp_path, content, says):
    path = tmp_path / "cfg.json"
    path.write_bytes(content)
    with pytest.raises(MicrotomeError, match=says):
        read_json(path)


def test_json(tmp_path):
    path = tmp_path / "cfg.json"
    path.write_text(json.dumps({"a": 1}))
    assert read_json(path) == {"a": 1}
    with pytest.raises(MicrotomeError, match="does not exist"):
        read_json(tmp_path / "gone.json")
