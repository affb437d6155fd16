import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from microtome.dictionary import load_dictionary
from microtome.errors import MicrotomeError

D, FEATURES = 5, 12


def write(folder: Path, config: dict | None = None, **tensors: torch.Tensor) -> dict:
    """Write a TopK SAE as sparsify does; `config` and `tensors` add to its own."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        "encoder.weight": torch.randn(FEATURES, D),
        "encoder.bias": torch.randn(FEATURES) * 0.1,
        "W_dec": torch.randn(FEATURES, D),
        "b_dec": torch.randn(D),
    } | tensors
    base = {
        "activation": "topk",
        "expansion_factor": 32,
        "normalize_decoder": True,
        "num_latents": FEATURES,
        "k": 3,
        "multi_topk": False,
        "skip_connection": False,
        "transcode": False,
        "d_in": D,
    }
    (folder / "cfg.json").write_text(json.dumps(base | (config or {})))
    save_file(weights, folder / "sae.safetensors")
    return weights


def refused(folder: Path, says: str, **sites: str) -> None:
    with pytest.raises(MicrotomeError, match=says) as caught:
        load_dictionary(folder, **sites)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["sae", "skip-transcoder"])
def test_fixture_agrees_with_sparsify(shared, name):
    folder = shared / "fixtures" / f"sparsify-{name}"
    d = load_dictionary(folder)
    expected = load_file(folder / "expected.safetensors")
    codes = d.encode([expected["x"]])
    assert codes[0].n_active == int((expected["codes"] > 0).sum())
    torch.testing.assert_close(codes[0].dense(), expected["codes"], atol=1e-5, rtol=0)
    (reconstruction,) = d.reconstruct([expected["x"]])
    torch.testing.assert_close(reconstruction, expected["reconstruction"], atol=1e-5, rtol=0)
    assert d.writes == ("blocks.1.mlp.out",)
    assert d.reads == (("blocks.1.mlp.out",) if name == "sae" else ("blocks.1.mlp.in",))
    assert (d.skips[0] is None) == (name == "sae")
    assert d.info["format"] == "sparsify"


@pytest.mark.parametrize(
    ("name", "transcode", "reads", "writes"),
    [
        ("layers.3", False, "blocks.3.resid.post", "blocks.3.resid.post"),
        ("layers.3", True, "blocks.3.resid.pre", "blocks.3.resid.post"),
        ("h.11.mlp", True, "blocks.11.mlp.in", "blocks.11.mlp.out"),
        ("model.layers.0.mlp", False, "blocks.0.mlp.out", "blocks.0.mlp.out"),
        ("layers.0.self_attn", False, "blocks.0.attn.out", "blocks.0.attn.out"),
        ("layers.2.mlp/seed1", False, "blocks.2.mlp.out", "blocks.2.mlp.out"),
    ],
)
def test_sites_by_the_hookpoint(tmp_path, name, transcode, reads, writes):
    write(tmp_path / name, {"transcode": transcode})
    d = load_dictionary(tmp_path / name)
    assert (d.reads, d.writes) == ((reads,), (writes,))


def test_sites_that_no_hookpoint_names(tmp_path):
    write(tmp_path / "mine")
    refused(tmp_path / "mine", "not named after a hookpoint whose sites are known")
    d = load_dictionary(tmp_path / "mine", reads="blocks.4.mlp.in")
    assert d.reads == d.writes == ("blocks.4.mlp.in",)
    write(tmp_path / "layers.2.self_attn", {"transcode": True})
    refused(tmp_path / "layers.2.self_attn", "not named after a hookpoint whose sites are known")
    d = load_dictionary(tmp_path / "layers.2.self_attn", reads="blocks.{layer}.attn.head.out")
    assert (d.reads, d.writes) == (("blocks.2.attn.head.out",), ("blocks.2.attn.out",))


def test_a_folder_per_hookpoint_is_one_dictionary_in_order(tmp_path):
    for layer in (10, 2):
        write(tmp_path / f"layers.{layer}", b_dec=torch.full((D,), float(layer)))
    d = load_dictionary(tmp_path)
    assert d.reads == ("blocks.2.resid.post", "blocks.10.resid.post")
    assert [bias[0].item() for bias in d.biases] == [2, 10]


def test_the_number_of_features_may_be_a_multiple(tmp_path):
    write(
        tmp_path / "layers.0",
        {"num_latents": 0, "expansion_factor": 2},
        **{
            "encoder.weight": torch.randn(10, D),
            "encoder.bias": torch.zeros(10),
            "W_dec": torch.randn(10, D),
        },
    )
    assert load_dictionary(tmp_path / "layers.0").n_features == (10,)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"activation": "groupmax"}, "activation is 'groupmax', which is not read"),
        ({"signed": True}, "signed is True, which is not read"),
        ({"k": None}, "cfg.json: k is None, expected a number of at least 1"),
        ({"k": True}, "k is True"),
        ({"d_in": 6}, r"'encoder.weight' has shape \(12, 5\), expected \(features=12, d=6\)"),
        ({"num_latents": "many"}, "num_latents is 'many', expected a number"),
        ({"num_latents": 0, "expansion_factor": None}, "expansion_factor is None"),
        ({"transcode": "yes"}, "transcode is 'yes', expected true or false"),
        ({"skip_connection": True}, "sae.safetensors has no tensor 'W_skip'"),
        ({"microtome": {"reads": 3}}, "field 'microtome.reads': Input should be a valid list"),
        ({"microtome": "x"}, "cfg.json: field 'microtome'"),
    ],
)
def test_configurations_that_are_refused(tmp_path, config, says):
    write(tmp_path / "layers.1.mlp", config)
    refused(tmp_path / "layers.1.mlp", says)


def test_truncated_weights(tmp_path):
    write(tmp_path / "layers.1.mlp")
    path = tmp_path / "layers.1.mlp" / "sae.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    refused(tmp_path / "layers.1.mlp", "sae.safetensors is truncated")
