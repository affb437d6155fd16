import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from microtome.dictionary import load_dictionary, save_dictionary
from microtome.errors import MicrotomeError
from tests.dictionary.samples import D_IN, D_OUT, FEATURES, saelens_folder

SITES = {"reads": "blocks.1.mlp.in", "writes": "blocks.1.mlp.out"}
TRANSCODER = {
    "architecture": "transcoder",
    "d_out": D_OUT,
    "apply_b_dec_to_input": False,
    "metadata": {"hook_name": "blocks.1.mlp.hook_in", "hook_name_out": "blocks.1.hook_mlp_out"},
}


def transcoder_tensors() -> dict[str, torch.Tensor]:
    return {"W_dec": torch.randn(FEATURES, D_OUT), "b_dec": torch.randn(D_OUT)}


def refused(folder: Path, says: str) -> None:
    with pytest.raises(MicrotomeError, match=says) as caught:
        load_dictionary(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["standard", "topk", "jumprelu", "gated", "transcoder"])
def test_fixture_agrees_with_saelens(shared, name):
    folder = shared / "fixtures" / f"saelens-{name}"
    d = load_dictionary(folder, **(SITES if name == "transcoder" else {}))
    expected = load_file(folder / "expected.safetensors")
    codes = d.encode([expected["x"]])
    assert codes[0].n_active == int((expected["codes"] > 0).sum())
    torch.testing.assert_close(codes[0].dense(), expected["codes"], atol=1e-5, rtol=1e-5)
    (reconstruction,) = d.reconstruct([expected["x"]])
    torch.testing.assert_close(reconstruction, expected["reconstruction"], atol=1e-5, rtol=1e-5)
    assert d.kind == ("plt" if name == "transcoder" else "sae")
    assert d.reads == ("blocks.1.mlp.in" if name == "transcoder" else "blocks.1.hook_resid_post",)


def test_gated_is_exactly_jumprelu(tmp_path):
    tensors = {name: torch.randn(FEATURES) for name in ("b_gate", "b_mag", "r_mag")}
    raw = saelens_folder(tmp_path, {"architecture": "gated"}, **tensors)
    x = torch.randn(200, D_IN)
    pre = (x - raw["b_dec"]) @ raw["W_enc"]
    magnitude = torch.relu(pre * raw["r_mag"].exp() + raw["b_mag"])
    codes = (pre + raw["b_gate"] > 0) * magnitude
    # every way in which gate and magnitude can disagree is met
    assert ((pre + raw["b_gate"] > 0) & (magnitude == 0)).any()
    assert ((pre + raw["b_gate"] <= 0) & (magnitude > 0)).any()
    found = load_dictionary(tmp_path).encode([x])[0].dense()
    torch.testing.assert_close(found, codes, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("rescale", [False, True])
def test_topk_with_and_without_decoder_norms(tmp_path, rescale):
    scale = torch.linspace(0.1, 4, FEATURES)[:, None]
    raw = saelens_folder(
        tmp_path,
        {"architecture": "topk", "k": 3, "rescale_acts_by_decoder_norm": rescale},
        W_dec=torch.randn(FEATURES, D_IN) * scale,
    )
    norm = raw["W_dec"].norm(dim=-1) if rescale else torch.ones(FEATURES)
    x = torch.randn(50, D_IN)
    pre = ((x - raw["b_dec"]) @ raw["W_enc"] + raw["b_enc"]) * norm
    kept = pre.topk(3)
    codes = torch.zeros_like(pre).scatter(-1, kept.indices, kept.values.relu())
    d = load_dictionary(tmp_path)
    torch.testing.assert_close(d.encode([x])[0].dense(), codes, atol=1e-5, rtol=1e-5)
    expected = (codes / norm) @ raw["W_dec"] + raw["b_dec"]
    torch.testing.assert_close(d.reconstruct([x])[0], expected, atol=1e-5, rtol=1e-5)


def test_a_decoder_row_of_zeros_is_no_division_by_zero(tmp_path):
    weight = torch.randn(FEATURES, D_IN)
    weight[0] = 0
    config = {"architecture": "topk", "k": FEATURES, "rescale_acts_by_decoder_norm": True}
    saelens_folder(tmp_path, config, W_dec=weight)
    assert load_dictionary(tmp_path).reconstruct([torch.randn(9, D_IN)])[0].isfinite().all()


@pytest.mark.parametrize("jump", [False, True])
@pytest.mark.parametrize("skip", [False, True])
def test_transcoders(tmp_path, jump, skip):
    architecture = f"{'jumprelu_' * jump}{'skip_' * skip}transcoder"
    tensors = transcoder_tensors()
    if jump:
        tensors["threshold"] = torch.rand(FEATURES)
    if skip:
        tensors["W_skip"] = torch.randn(D_OUT, D_IN)
    raw = saelens_folder(tmp_path, TRANSCODER | {"architecture": architecture}, **tensors)
    d, x = load_dictionary(tmp_path), torch.randn(30, D_IN)
    assert (d.kind, d.d_in, d.d_out) == ("plt", D_IN, D_OUT)
    assert (d.reads, d.writes) == (("blocks.1.mlp.hook_in",), ("blocks.1.hook_mlp_out",))
    pre = x @ raw["W_enc"] + raw["b_enc"]
    codes = torch.relu(pre) * (pre > raw["threshold"] if jump else 1)
    expected = codes @ raw["W_dec"] + raw["b_dec"]
    expected = expected + x @ raw["W_skip"].T if skip else expected
    torch.testing.assert_close(d.reconstruct([x])[0], expected, atol=1e-5, rtol=1e-5)


def test_an_sae_that_does_not_subtract_its_bias(tmp_path):
    raw = saelens_folder(tmp_path, {"apply_b_dec_to_input": False})
    assert torch.equal(load_dictionary(tmp_path).encoders[0].bias, raw["b_enc"])


def test_half_precision_files_are_computed_with_in_float32(tmp_path):
    raw = saelens_folder(tmp_path, dtype=torch.float16)
    d, x = load_dictionary(tmp_path), torch.randn(20, D_IN)
    assert d.encoders[0].weight.dtype == d.encoders[0].bias.dtype == torch.float32
    assert d.decoders[0].weight.dtype == torch.float16
    full = {name: tensor.float() for name, tensor in raw.items()}
    codes = torch.relu((x - full["b_dec"]) @ full["W_enc"] + full["b_enc"])
    expected = codes @ full["W_dec"] + full["b_dec"]
    torch.testing.assert_close(d.reconstruct([x])[0], expected, atol=1e-5, rtol=1e-5)


def test_sparsity_beside_the_weights_is_left_alone(tmp_path):
    saelens_folder(tmp_path)
    before = load_dictionary(tmp_path).fingerprint
    save_file({"sparsity": torch.randn(FEATURES)}, tmp_path / "sparsity.safetensors")
    assert load_dictionary(tmp_path).fingerprint == before


def test_it_can_be_saved_as_microtomes_own(tmp_path):
    saelens_folder(tmp_path / "theirs")
    d, x = load_dictionary(tmp_path / "theirs"), torch.randn(8, D_IN)
    save_dictionary(d, tmp_path / "ours")
    read = load_dictionary(tmp_path / "ours")
    assert read.info == d.info
    assert torch.equal(read.reconstruct([x])[0], d.reconstruct([x])[0])


@pytest.mark.parametrize(
    ("metadata", "first", "special"),
    [
        ({}, True, False),
        ({"seqpos_slice": [None], "exclude_special_tokens": False}, False, False),
        ({"seqpos_slice": [1, None]}, True, False),
        ({"exclude_special_tokens": True}, True, True),
        ({"exclude_special_tokens": [0, 2]}, True, True),
        ({"exclude_special_tokens": False}, False, False),
        ({"seqpos_slice": [None], "exclude_special_tokens": True}, False, True),
    ],
)
def test_which_tokens_were_left_out(tmp_path, metadata, first, special):
    saelens_folder(tmp_path, {"metadata": {"hook_name": "blocks.1.hook_resid_post", **metadata}})
    d = load_dictionary(tmp_path)
    assert (d.skip_first, d.skip_special) == (first, special)


def test_configurations_of_older_versions(tmp_path):
    saelens_folder(
        tmp_path,
        {
            "hook_point": "blocks.2.hook_resid_pre",
            "metadata": None,
            "activation_fn_str": "topk",
            "activation_fn_kwargs": {"k": 4},
        },
    )
    d = load_dictionary(tmp_path)
    assert d.reads == ("blocks.2.hook_resid_pre",)
    assert (d.encoders[0].activation.kind, d.encoders[0].activation.k) == ("topk", 4)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"architecture": "temporal"}, "architecture 'temporal' is not read; expected one of"),
        ({"activation_fn": "tanh-relu"}, "architecture 'tanh-relu' is not read"),
        (
            {"normalize_activations": "layer_norm"},
            "normalize_activations is 'layer_norm', which is not read",
        ),
        ({"finetuning_scaling_factor": True}, "finetuning_scaling_factor is True"),
        ({"metadata": {"hook_name": "blocks.0.attn.hook_z", "hook_head_index": 3}}, "index is 3"),
        ({"metadata": {}}, "metadata.hook_name is None, expected a site; pass reads and writes"),
        ({"architecture": "topk"}, "k is None, expected a number of at least 1"),
        ({"architecture": "topk", "k": -1}, "k is -1"),
        ({"architecture": "jumprelu"}, "no tensor 'threshold'"),
        ({"architecture": "gated"}, "no tensor 'b_gate'"),
        ({"d_in": 6}, r"'b_dec' has shape \(5,\), expected \(d_out=6\)"),
        ({"d_sae": 13}, r"'b_enc' has shape \(12,\), expected \(features=13\)"),
        ({"d_sae": "many"}, "d_sae is 'many', expected a size"),
        (TRANSCODER | {"apply_b_dec_to_input": True}, "apply_b_dec_to_input is True"),
        (TRANSCODER | {"d_out": D_IN, "architecture": "skip_transcoder"}, "no tensor 'W_skip'"),
        (TRANSCODER | {"d_out": D_IN, "metadata": {"hook_name": "blocks.1.x"}}, "hook_name_out is"),
    ],
)
def test_configurations_that_are_refused(tmp_path, config, says):
    saelens_folder(tmp_path, config)
    refused(tmp_path, says)


@pytest.mark.parametrize(
    ("name", "shape"), [("W_enc", (FEATURES, D_IN)), ("W_dec", (D_IN, FEATURES)), ("b_enc", (3,))]
)
def test_tensors_of_another_shape(tmp_path, name, shape):
    saelens_folder(tmp_path, **{name: torch.zeros(shape)})
    refused(tmp_path, f"sae_weights.safetensors: tensor '{name}' has shape")


def test_truncated_weights(tmp_path):
    saelens_folder(tmp_path)
    path = tmp_path / "sae_weights.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    refused(tmp_path, "sae_weights.safetensors is truncated")


def test_missing_weights(tmp_path):
    saelens_folder(tmp_path)
    (tmp_path / "sae_weights.safetensors").unlink()
    refused(tmp_path, "sae_weights.safetensors does not exist")


def test_garbage_configuration(tmp_path):
    saelens_folder(tmp_path)
    (tmp_path / "cfg.json").write_text("{")
    refused(tmp_path, "cfg.json is not readable as JSON")


def test_a_folder_per_layer_is_one_dictionary_in_order(tmp_path):
    for layer in (10, 2, 0):
        config = {"metadata": {"hook_name": f"blocks.{layer}.hook_resid_pre"}}
        saelens_folder(
            tmp_path / f"blocks.{layer}.hook_resid_pre",
            config,
            b_dec=torch.full((D_IN,), float(layer)),
        )
    d = load_dictionary(tmp_path)
    assert d.kind == "sae"
    assert d.reads == d.writes == tuple(f"blocks.{i}.hook_resid_pre" for i in (0, 2, 10))
    assert [decoder.targets for decoder in d.decoders] == [(0,), (1,), (2,)]
    assert [bias[0].item() for bias in d.biases] == [0, 2, 10]
    assert d.info["format"] == "saelens" and len(d.info["parts"]) == 3


def test_a_folder_per_layer_of_transcoders_with_sites_from_the_paths(tmp_path):
    for layer in (1, 0):
        config = TRANSCODER | {"metadata": {}}
        saelens_folder(tmp_path / f"layer_{layer}", config, **transcoder_tensors())
    d = load_dictionary(tmp_path, "blocks.{layer}.mlp.in", "blocks.{layer}.mlp.out")
    assert d.kind == "plt"
    assert d.reads == ("blocks.0.mlp.in", "blocks.1.mlp.in")
    assert d.writes == ("blocks.0.mlp.out", "blocks.1.mlp.out")


def test_two_of_one_site_are_refused(tmp_path):
    for name in ("wide", "narrow"):
        saelens_folder(tmp_path / name)
    refused(tmp_path, "two dictionaries that read blocks.1.hook_resid_post: .*narrow and .*wide")


def test_saes_beside_transcoders_are_refused(tmp_path):
    saelens_folder(tmp_path / "a")
    saelens_folder(tmp_path / "b", TRANSCODER, **transcoder_tensors())
    refused(tmp_path, r"different kinds \(plt, sae\)")


def test_layers_of_different_width_are_refused(tmp_path):
    saelens_folder(tmp_path / "a", {"metadata": {"hook_name": "blocks.0.hook_resid_post"}})
    saelens_folder(
        tmp_path / "b",
        {"d_in": 6},
        W_enc=torch.randn(6, FEATURES),
        W_dec=torch.randn(FEATURES, 6),
        b_dec=torch.randn(6),
    )
    refused(tmp_path, r"the encoder at blocks.1.hook_resid_post has shape \(6,\), expected \(5,\)")


def test_a_template_needs_a_layer(tmp_path):
    saelens_folder(tmp_path / "sae", {"metadata": {}})
    with pytest.raises(MicrotomeError, match="no part of its path is layer_N"):
        load_dictionary(tmp_path / "sae", reads="blocks.{layer}.mlp.in")
    d = load_dictionary(tmp_path / "sae", reads="blocks.4.mlp.in")
    assert d.reads == d.writes == ("blocks.4.mlp.in",)
    with pytest.raises(MicrotomeError, match=r"the only field is \{layer\}"):
        load_dictionary(tmp_path / "sae", reads="blocks.{l}.mlp.in")


def test_the_configuration_is_kept(tmp_path):
    saelens_folder(tmp_path)
    assert load_dictionary(tmp_path).info["config"] == json.loads(
        (tmp_path / "cfg.json").read_text()
    )
