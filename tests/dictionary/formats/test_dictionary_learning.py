import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from microtome.dictionary import load_dictionary
from microtome.errors import MicrotomeError

D, FEATURES = 5, 12
CLASSES = ("standard", "gated", "topk", "batchtopk", "jumprelu", "matryoshka")


def linear(bias: str = "b_dec", **tensors: torch.Tensor) -> dict[str, torch.Tensor]:
    """The tensors of the classes that keep encoder and decoder as linear layers."""
    return {
        bias: torch.randn(D),
        "encoder.weight": torch.randn(FEATURES, D),
        "encoder.bias": torch.randn(FEATURES) * 0.1,
        "decoder.weight": torch.randn(D, FEATURES),
    } | tensors


def write(folder: Path, tensors: object, dict_class: str = "AutoEncoder", **trainer) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    base = {
        "dict_class": dict_class,
        "activation_dim": D,
        "dict_size": FEATURES,
        "layer": 1,
        "submodule_name": "resid_post_layer_1",
    }
    (folder / "config.json").write_text(json.dumps({"trainer": base | trainer}))
    torch.save(tensors, folder / "ae.pt")
    return folder


def refused(folder: Path, says: str, **sites: str) -> None:
    with pytest.raises(MicrotomeError, match=says) as caught:
        load_dictionary(folder, **sites)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", CLASSES)
def test_fixture_agrees_with_dictionary_learning(shared, name):
    folder = shared / "fixtures" / f"dictionary_learning-{name}"
    d = load_dictionary(folder)
    expected = load_file(folder / "expected.safetensors")
    codes = d.encode([expected["x"]])
    assert codes[0].n_active == int((expected["codes"] > 0).sum())
    torch.testing.assert_close(codes[0].dense(), expected["codes"], atol=1e-5, rtol=0)
    (reconstruction,) = d.reconstruct([expected["x"]])
    torch.testing.assert_close(reconstruction, expected["reconstruction"], atol=1e-5, rtol=0)
    assert (d.kind, d.reads) == ("sae", ("blocks.1.resid.post",))
    assert d.info["format"] == "dictionary_learning"
    kind = {"standard": "relu", "gated": "jumprelu", "matryoshka": "batchtopk"}.get(name, name)
    assert d.encoders[0].activation.kind == kind


def test_topk_is_by_k_and_batchtopk_by_its_threshold(tmp_path):
    scalars = {"k": torch.tensor(2, dtype=torch.int32), "threshold": torch.tensor(0.4)}
    raw = linear(**scalars)
    x = torch.randn(40, D)
    pre = torch.relu((x - raw["b_dec"]) @ raw["encoder.weight"].T + raw["encoder.bias"])
    kept = pre.topk(2)
    topk = torch.zeros_like(pre).scatter(-1, kept.indices, kept.values)
    for name, codes in (("AutoEncoderTopK", topk), ("BatchTopKSAE", pre * (pre > 0.4))):
        d = load_dictionary(write(tmp_path / name, raw, name, k=2))
        torch.testing.assert_close(d.encode([x])[0].dense(), codes, atol=1e-5, rtol=0)
        assert d.encoders[0].activation.k == 2


def test_a_threshold_that_was_never_set_lets_everything_pass(tmp_path):
    raw = linear(k=torch.tensor(2), threshold=torch.tensor(-1.0))
    d = load_dictionary(write(tmp_path / "d", raw, "BatchTopKSAE"))
    assert d.encode([torch.randn(20, D)])[0].n_active > 20 * 2


@pytest.mark.parametrize(
    ("name", "site"),
    [
        ("resid_post_layer_7", "blocks.7.resid.post"),
        ("mlp_out_layer_0", "blocks.0.mlp.out"),
        ("attn_out_layer_12", "blocks.12.attn.out"),
    ],
)
def test_sites_by_the_submodule(tmp_path, name, site):
    d = load_dictionary(write(tmp_path / "d", linear("bias"), submodule_name=name))
    assert d.reads == d.writes == (site,)


@pytest.mark.parametrize("name", [None, "mlp", "gate_layer_1", 3])
def test_sites_that_the_submodule_does_not_name(tmp_path, name):
    folder = write(tmp_path / "layer_4" / "d", linear("bias"), submodule_name=name)
    refused(folder, "names no site; pass reads, such as 'blocks.3.resid.post'")
    d = load_dictionary(folder, reads="blocks.2.mlp.out")
    assert d.reads == d.writes == ("blocks.2.mlp.out",)


def test_a_folder_for_each_site_is_one_dictionary_in_order(tmp_path):
    for layer in (11, 3):
        write(
            tmp_path / f"resid_post_layer_{layer}" / "trainer_0",
            linear(bias="bias") | {"bias": torch.full((D,), float(layer))},
            submodule_name=f"resid_post_layer_{layer}",
        )
    d = load_dictionary(tmp_path)
    assert d.reads == ("blocks.3.resid.post", "blocks.11.resid.post")
    assert [bias[0].item() for bias in d.biases] == [3, 11]


def test_several_trainers_of_a_site_are_refused(tmp_path):
    for i in range(2):
        write(tmp_path / f"trainer_{i}", linear("bias"))
    refused(tmp_path, "two dictionaries that read blocks.1.resid.post: .*trainer_0 and .*trainer_1")


@pytest.mark.parametrize(
    ("trainer", "says"),
    [
        ({"dict_class": "CrossCoder"}, "dict_class is 'CrossCoder', which is not read; expected"),
        ({"dict_class": "AutoEncoderTopK"}, "ae.pt has no tensor 'k'"),
        ({"dict_class": "JumpReluAutoEncoder"}, "ae.pt has no tensor 'threshold'"),
        ({"dict_class": "GatedAutoEncoder"}, "ae.pt has no tensor 'gate_bias'"),
        ({"dict_size": 13}, r"'encoder.weight' has shape \(12, 5\), expected \(features=13, d=5\)"),
        ({"activation_dim": -1}, "trainer.activation_dim is -1, expected a size"),
    ],
)
def test_configurations_that_are_refused(tmp_path, trainer, says):
    folder = write(tmp_path / "d", linear("bias"), **({"dict_class": "AutoEncoder"} | trainer))
    refused(folder, says)


@pytest.mark.parametrize(
    ("k", "stated", "says"),
    [
        (torch.tensor(2), 3, "k is 2 in the file and 3 in config.json"),
        (torch.tensor(2), [2], r"k is 2 in the file and \[2\] in config.json"),
        (torch.tensor(0), 0, "k is 0 in the file"),
        (torch.tensor(2.0), 2, "'k' is torch.float32 of shape .* expected one whole number"),
        (torch.tensor([2, 3]), 2, r"'k' is torch.int64 of shape \(2,\)"),
    ],
)
def test_k_that_does_not_fit(tmp_path, k, stated, says):
    raw = linear(k=k, threshold=torch.tensor(0.1))
    refused(write(tmp_path / "d", raw, "AutoEncoderTopK", k=stated), says)


def test_without_a_configuration(tmp_path):
    folder = write(tmp_path / "d", linear("bias"))
    (folder / "config.json").write_text("{}")
    refused(folder, "config.json: field 'trainer' is missing")
    (folder / "config.json").unlink()
    refused(folder, "config.json does not exist")


class Hostile:
    """Unpickled, it would make a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("legacy", [False, True])
def test_code_in_a_file_is_refused_and_does_not_run(tmp_path, legacy):
    folder, made = write(tmp_path / "d", {}), tmp_path / "made"
    torch.save(
        linear("bias") | {"extra": Hostile(made)},
        folder / "ae.pt",
        _use_new_zipfile_serialization=not legacy,
    )
    refused(folder, r"ae.pt is damaged or holds more than tensors \(it names .*open\)")
    assert not made.exists()
