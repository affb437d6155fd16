import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from microtome.artifact.json_file import read_json
from microtome.dictionary.tensors import NpzFile, TensorFile, TorchFile
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


@pytest.mark.parametrize("legacy", [False, True])
def test_state_dicts(tmp_path, legacy):
    path = tmp_path / "ae.pt"
    state = {"w": torch.randn(3, 2), "k": torch.tensor(4), "p": torch.nn.Parameter(torch.ones(2))}
    torch.save(state, path, _use_new_zipfile_serialization=not legacy)
    file = TorchFile(path)
    assert torch.equal(file["w"], state["w"])
    assert not file["p"].requires_grad
    assert file.whole_number("k") == 4
    assert file.take("w", "rows columns", {}).shape == (3, 2)


def test_state_dicts_are_mapped_from_the_file(tmp_path):
    maps = Path("/proc/self/maps")
    if not maps.exists():
        pytest.skip("needs /proc to see what memory is mapped")
    torch.save({"w": torch.randn(300, 200)}, tmp_path / "ae.pt")
    file = TorchFile(tmp_path / "ae.pt")
    assert file["w"].shape == (300, 200)
    assert any(line.endswith("ae.pt") for line in maps.read_text().splitlines())


class Hostile:
    """Unpickled, it would make a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("how", ["zip", "legacy", "protocol 2", "protocol 4"])
def test_code_in_a_state_dict_never_runs(tmp_path, how):
    path, made = tmp_path / "ae.pt", tmp_path / "made"
    if how.startswith("protocol"):
        path.write_bytes(pickle.dumps(Hostile(made), protocol=int(how[-1])))
    else:
        torch.save(Hostile(made), path, _use_new_zipfile_serialization=how == "zip")
    says = "UnpicklingError" if how == "protocol 4" else r"it names \S*open"
    with pytest.raises(MicrotomeError, match=rf"holds more than tensors \({says}\)") as caught:
        TorchFile(path)
    assert "\n" not in str(caught.value)
    assert not made.exists()


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04cut", b"\x80\x02."])
def test_garbage_state_dicts(tmp_path, content):
    path = tmp_path / "ae.pt"
    path.write_bytes(content)
    with pytest.raises(MicrotomeError, match=r"ae.pt is damaged or holds more") as caught:
        TorchFile(path)
    assert "\n" not in str(caught.value)


def test_cut_state_dict_and_another_zip(tmp_path):
    torch.save({"w": torch.randn(100)}, tmp_path / "whole.pt")
    (tmp_path / "cut.pt").write_bytes((tmp_path / "whole.pt").read_bytes()[:500])
    with zipfile.ZipFile(tmp_path / "zip.pt", "w") as archive:
        archive.writestr("data.txt", "hello")
    for name in ("cut", "zip"):
        with pytest.raises(MicrotomeError, match=f"{name}.pt is damaged or holds more"):
            TorchFile(tmp_path / f"{name}.pt")


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ([torch.zeros(2)], "holds a list, expected a state dict of tensors"),
        ({"w": 3}, "entry 'w' is a int that is not a plain tensor"),
        ({4: torch.zeros(2)}, "entry 4 is a Tensor"),
        ({"w": torch.zeros(1).expand(10**12)}, "entry 'w' is a Tensor that is not a plain"),
        ({"w": torch.eye(3).to_sparse()}, "entry 'w' is a Tensor that is not a plain"),
        ({"w": {"v": torch.zeros(2)}}, "entry 'w' is a dict"),
    ],
)
def test_what_is_no_state_dict(tmp_path, state, says):
    torch.save(state, tmp_path / "ae.pt")
    with pytest.raises(MicrotomeError, match=says):
        TorchFile(tmp_path / "ae.pt")


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.complex64, torch.bool])
def test_real_numbers_have_at_least_16_bits(tmp_path, dtype):
    torch.save({"w": torch.zeros(3).to(dtype)}, tmp_path / "ae.pt")
    with pytest.raises(MicrotomeError, match=r"'w' is torch.*, expected floating point numbers of"):
        TorchFile(tmp_path / "ae.pt").take("w", "n", {})
