import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from microtome.dictionary import (
    Activation,
    Decoder,
    Dictionary,
    Encoder,
    load_dictionary,
    save_dictionary,
)
from microtome.errors import MicrotomeError
from tests.dictionary.samples import KINDS, dictionary, inputs


def edit_manifest(folder: Path, **content: object) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["content"] |= content
    path.write_text(json.dumps(manifest))


def replace_tensors(folder: Path, **tensors: torch.Tensor | None) -> None:
    """Change tensors and the size that the manifest records, as a careless tool would."""
    path = folder / "weights.safetensors"
    new = load_file(path) | tensors
    save_file({name: tensor for name, tensor in new.items() if tensor is not None}, path)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["weights.safetensors"] = path.stat().st_size
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture
def saved(tmp_path) -> Path:
    save_dictionary(dictionary("skip"), tmp_path / "d")
    return tmp_path / "d"


@pytest.mark.parametrize("kind", KINDS)
def test_round_trip(tmp_path, kind):
    d = replace(dictionary(kind), model="abc", skip_first=False, info={"note": "x"})
    save_dictionary(d, tmp_path / "d", config={"steps": 3})
    read = load_dictionary(tmp_path / "d")
    assert (read.kind, read.reads, read.writes) == (d.kind, d.reads, d.writes)
    assert (read.model, read.skip_first, read.info) == ("abc", False, {"note": "x"})
    assert [x.targets for x in read.decoders] == [x.targets for x in d.decoders]
    assert read.fingerprint == d.fingerprint
    xs = inputs()
    for found, expected in zip(read.reconstruct(xs), d.reconstruct(xs), strict=True):
        assert torch.equal(found, expected)
    manifest = json.loads((tmp_path / "d" / "manifest.json").read_text())
    assert manifest["config"] == {"steps": 3}
    assert manifest["inputs"] == {"model": "abc"}


@pytest.mark.parametrize(
    "activation",
    [
        Activation("relu"),
        Activation("topk", k=4),
        Activation("batchtopk", threshold=torch.tensor(0.3)),
    ],
    ids=lambda a: a.kind,
)
def test_round_trip_of_every_activation_function(tmp_path, activation):
    d, xs = dictionary("plt", activation), inputs()
    save_dictionary(d, tmp_path / "d")
    read = load_dictionary(tmp_path / "d")
    assert read.encoders[0].activation.kind == activation.kind
    assert read.encoders[0].activation.k == activation.k
    for found, expected in zip(read.encode(xs), d.encode(xs), strict=True):
        assert torch.equal(found.dense(), expected.dense())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_weights_with_full_precision_thresholds(tmp_path, dtype):
    d = dictionary("skip")
    save_dictionary(d, tmp_path / "d", dtype=dtype)
    tensors = load_file(tmp_path / "d" / "weights.safetensors")
    assert tensors["skip.0"].dtype == dtype
    assert tensors["encoder.0.weight"].dtype == dtype
    assert tensors["encoder.0.bias"].dtype == torch.float32
    read = load_dictionary(tmp_path / "d")
    threshold, before = read.encoders[0].activation.threshold, d.encoders[0].activation.threshold
    assert threshold is not None and before is not None and torch.equal(threshold, before)
    assert read.encoders[0].weight.dtype == torch.float32
    assert read.decoders[0].weight.dtype == dtype
    assert torch.equal(read.encoders[0].weight, d.encoders[0].weight.to(dtype).float())


def test_decoders_are_mapped_from_the_file(saved):
    maps = Path("/proc/self/maps")
    if not maps.exists():
        pytest.skip("needs /proc to see what memory is mapped")
    read = load_dictionary(saved)
    address = read.decoders[0].weight.data_ptr()
    for line in maps.read_text().splitlines():
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        if start <= address < end:
            assert line.endswith("weights.safetensors")
            return
    pytest.fail("the decoder is nowhere in the process's memory")


@pytest.mark.parametrize("dtype", [torch.complex64, torch.float8_e5m2, torch.int32])
@pytest.mark.parametrize("name", ["encoder.0.threshold", "encoder.1.weight", "decoder.2.weight"])
def test_tensors_that_are_no_real_numbers(saved, name, dtype):
    tensors = load_file(saved / "weights.safetensors")
    replace_tensors(saved, **{name: tensors[name].to(dtype)})
    with pytest.raises(MicrotomeError, match=rf"'{name}' is torch.\S+, expected floating point"):
        load_dictionary(saved)


def test_tied_weights_can_be_saved(tmp_path):
    weight, zeros = torch.randn(6, 5), torch.zeros(5)
    encoder = Encoder(weight, torch.zeros(6), Activation("relu"))
    d = Dictionary(
        reads=("blocks.0.mlp.in", "blocks.1.mlp.in"),
        writes=("blocks.0.mlp.in", "blocks.1.mlp.in"),
        encoders=(encoder, encoder),
        decoders=(Decoder(weight[:, None], (0,)), Decoder(weight[:, None], (1,))),
        biases=(zeros, zeros),
    )
    save_dictionary(d, tmp_path / "d")
    assert load_dictionary(tmp_path / "d").fingerprint == d.fingerprint


def test_layers_with_different_activation_functions_are_refused(tmp_path):
    d = dictionary("plt", Activation("topk", k=2))
    first = replace(d.encoders[0], activation=Activation("topk", k=3))
    with pytest.raises(MicrotomeError, match="one activation function; save them apart"):
        save_dictionary(replace(d, encoders=(first, *d.encoders[1:])), tmp_path / "d")
    assert not any(tmp_path.iterdir())


def test_an_existing_dictionary_is_replaced_only_by_force(saved):
    before = load_dictionary(saved).fingerprint
    with pytest.raises(MicrotomeError, match="pass --force"):
        save_dictionary(dictionary("sae"), saved)
    assert load_dictionary(saved).fingerprint == before
    save_dictionary(dictionary("sae"), saved, force=True)
    assert load_dictionary(saved).kind == "sae"


def test_a_dictionary_can_replace_the_files_it_is_mapped_from(saved):
    d = load_dictionary(saved)
    before = d.fingerprint
    save_dictionary(d, saved, force=True)
    assert d.fingerprint == before == load_dictionary(saved).fingerprint


def test_truncated_weights(saved):
    path = saved / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(MicrotomeError, match=r"incomplete: weights.safetensors has \d+ bytes of"):
        load_dictionary(saved)


def test_a_missing_tensor(saved):
    replace_tensors(saved, **{"encoder.1.bias": None})
    with pytest.raises(MicrotomeError, match=r"no tensor 'encoder.1.bias'"):
        load_dictionary(saved)


def test_a_missing_threshold(saved):
    replace_tensors(saved, **{"encoder.2.threshold": None})
    with pytest.raises(MicrotomeError, match=r"no tensor 'encoder.2.threshold'"):
        load_dictionary(saved)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("encoder.0.weight", (5, 12)),
        ("encoder.1.bias", (11,)),
        ("encoder.1.threshold", (11,)),
        ("decoder.2.weight", (12, 2, 4)),
        ("decoder_bias.0", (5,)),
        ("skip.1", (4, 5)),
    ],
)
def test_a_tensor_of_another_shape(saved, name, shape):
    replace_tensors(saved, **{name: torch.zeros(shape)})
    with pytest.raises(MicrotomeError, match="has shape") as caught:
        load_dictionary(saved)
    assert str(shape) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"activation": "tanh"}, "field 'content.activation'"),
        ({"d_in": "many"}, "field 'content.d_in'"),
        ({"unknown": 1}, "field 'content.unknown'"),
        ({"reads": ["blocks.0.mlp.in"]}, "expected each of the 1 sites"),
        ({"targets": [[0], [1], [7]]}, "expected indices below 3"),
    ],
)
def test_a_manifest_that_does_not_fit(saved, content, says):
    edit_manifest(saved, **content)
    with pytest.raises(MicrotomeError, match=says):
        load_dictionary(saved)


def test_a_newer_schema_version(saved):
    path = saved / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 3}))
    with pytest.raises(MicrotomeError, match="newer microtome"):
        load_dictionary(saved)


def test_another_kind_of_artifact(saved):
    path = saved / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"kind": "graph"}))
    with pytest.raises(MicrotomeError, match="holds a graph, not a dictionary"):
        load_dictionary(saved)
