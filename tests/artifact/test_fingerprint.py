import torch

from microtome.artifact import fingerprint, fingerprint_file, fingerprint_tensors


def test_tensors_by_name_shape_and_value():
    a = {"x": torch.arange(6.0), "y": torch.ones(2)}
    different = (
        {"x": torch.arange(6.0)},
        {"z": torch.arange(6.0), "y": torch.ones(2)},
        {"x": torch.arange(6.0).reshape(2, 3), "y": torch.ones(2)},
        {"x": torch.arange(6.0) + 1, "y": torch.ones(2)},
    )
    assert len({fingerprint_tensors(t) for t in (a, *different)}) == 5


def test_order_layout_and_precision_do_not_matter():
    x = torch.arange(6.0).reshape(2, 3)
    first = fingerprint_tensors({"x": x, "y": torch.ones(2)})
    assert first == fingerprint_tensors({"y": torch.ones(2), "x": x})
    assert first == fingerprint_tensors({"x": x.T.contiguous().T, "y": torch.ones(2)})
    assert first == fingerprint_tensors({"x": x.double(), "y": torch.ones(2).bfloat16()})


def test_no_tensors_and_empty_tensors():
    assert fingerprint_tensors({}) != fingerprint_tensors({"x": torch.empty(0)})


def test_a_file_by_all_of_its_bytes(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"abc")
    other.write_bytes(b"abd")
    assert fingerprint_file(one) != fingerprint_file(other)
    other.write_bytes(b"abc")
    assert fingerprint_file(one) == fingerprint_file(other)


def test_a_large_file_by_its_size_and_blocks_from_start_to_end(tmp_path, monkeypatch):
    monkeypatch.setattr(fingerprint, "_WHOLE_FILE", 100)
    monkeypatch.setattr(fingerprint, "_BLOCK", 8)
    path = tmp_path / "large"
    found = set()
    for content in (b"a" * 9000, b"b" + b"a" * 8999, b"a" * 8999 + b"b", b"a" * 9001):
        path.write_bytes(content)
        found.add(fingerprint_file(path))
    assert len(found) == 4
