from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from torch import Tensor

from microtome.dictionary import Dictionary, load_dictionary
from microtome.errors import MicrotomeError
from tests.dictionary.samples import (
    D_IN,
    D_OUT,
    FEATURES,
    circuit_tracer_layer,
    gemma_scope_arrays,
)

HOOKS = {"feature_input_hook": "hook_resid_mid", "feature_output_hook": "hook_mlp_out"}
SET = {"model_kind": "transcoder_set", **HOOKS}
CLT = {"model_kind": "cross_layer_transcoder", **HOOKS}


def write_set(folder: Path, layers: list[dict[str, Tensor]], **config: object) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(SET | config))
    for i, tensors in enumerate(layers):
        save_file(tensors, folder / f"layer_{i}.safetensors")
    return folder


def write_clt(folder: Path, layers: int = 3, skip: bool = False) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(CLT))
    for i in range(layers):
        encoder = {
            f"W_enc_{i}": torch.randn(FEATURES, D_IN),
            f"b_enc_{i}": torch.randn(FEATURES),
            f"b_dec_{i}": torch.randn(D_IN),
        }
        if skip:
            encoder[f"W_skip_{i}"] = torch.randn(D_IN, D_IN)
        save_file(encoder, folder / f"W_enc_{i}.safetensors")
        decoder = {f"W_dec_{i}": torch.randn(FEATURES, layers - i, D_IN)}
        save_file(decoder, folder / f"W_dec_{i}.safetensors")
    return folder


def refused(folder: Path, says: str, **sites: str) -> None:
    with pytest.raises(MicrotomeError, match=says) as caught:
        load_dictionary(folder, **sites)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["plt", "skip", "clt"])
def test_fixture(shared, kind):
    folder = shared / "fixtures" / f"circuit-tracer-{kind}"
    d = load_dictionary(folder)
    assert d.kind == ("clt" if kind == "clt" else "plt")
    assert d.reads == tuple(f"blocks.{i}.mlp.hook_in" for i in range(5))
    assert d.writes == tuple(f"blocks.{i}.mlp.hook_out" for i in range(5))
    assert (d.n_features, d.d_in, d.d_out) == ((512,) * 5, 64, 64)
    assert d.skip_first
    for i, (encoder, decoder) in enumerate(zip(d.encoders, d.decoders, strict=True)):
        assert encoder.weight.dtype == torch.float32
        assert decoder.weight.dtype == torch.bfloat16
        assert decoder.targets == (tuple(range(i, 5)) if kind == "clt" else (i,))
        assert decoder.weight.shape == (512, len(decoder.targets), 64)
        activation = encoder.activation
        assert (activation.kind, activation.k) == (
            ("topk", 8) if kind == "skip" else ("jumprelu", None)
        )
        assert (d.skips[i] is None) == (kind != "skip")
        if activation.threshold is not None:
            assert activation.threshold.shape == (512,)
            assert activation.threshold.dtype == torch.float32


def test_fixture_computes_what_its_tensors_say(shared):
    folder = shared / "fixtures" / "circuit-tracer-skip"
    d = load_dictionary(folder)
    xs = [torch.randn(6, 64) for _ in range(5)]
    for i, found in enumerate(d.reconstruct(xs)):
        raw = {k: v.float() for k, v in load_file(folder / f"layer_{i}.safetensors").items()}
        pre = torch.nn.functional.linear(xs[i], raw["W_enc"], raw["b_enc"])
        kept = pre.topk(8)
        codes = torch.zeros_like(pre).scatter(-1, kept.indices, kept.values.relu())
        expected = codes @ raw["W_dec"] + raw["b_dec"] + xs[i] @ raw["W_skip"].T
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_fixture_clt_writes_to_later_layers(shared):
    folder = shared / "fixtures" / "circuit-tracer-clt"
    d = load_dictionary(folder)
    xs = [torch.randn(6, 64) for _ in range(5)]
    expected = [bias.expand(6, 64).clone() for bias in d.biases]
    for i, x in enumerate(xs):
        raw = load_file(folder / f"W_enc_{i}.safetensors")
        raw |= load_file(folder / f"W_dec_{i}.safetensors")
        raw = {k: v.float() for k, v in raw.items()}
        pre = x @ raw[f"W_enc_{i}"].T + raw[f"b_enc_{i}"]
        codes = pre * (pre > raw[f"threshold_{i}"])
        for j in range(i, 5):
            expected[j] += codes @ raw[f"W_dec_{i}"][:, j - i]
    for found, right in zip(d.reconstruct(xs), expected, strict=True):
        torch.testing.assert_close(found, right, atol=1e-4, rtol=1e-4)


def test_without_threshold_or_activation_it_is_relu(tmp_path):
    d = load_dictionary(write_set(tmp_path / "d", [circuit_tracer_layer()] * 2))
    assert d.encoders[0].activation.kind == "relu"
    assert d.reads == ("blocks.0.hook_resid_mid", "blocks.1.hook_resid_mid")
    assert d.writes == ("blocks.0.hook_mlp_out", "blocks.1.hook_mlp_out")


def test_more_than_nine_layers_are_in_order(tmp_path):
    layers = [circuit_tracer_layer(b_dec=torch.full((D_OUT,), float(i))) for i in range(12)]
    d = load_dictionary(write_set(tmp_path / "d", layers))
    assert [bias[0].item() for bias in d.biases] == list(range(12))
    assert d.reads[11] == "blocks.11.hook_resid_mid"


def test_sites_can_be_replaced(tmp_path):
    folder = write_set(tmp_path / "d", [circuit_tracer_layer()] * 2)
    d = load_dictionary(folder, reads="blocks.{layer}.mlp.in", writes="blocks.{layer}.mlp.out")
    assert d.reads == ("blocks.0.mlp.in", "blocks.1.mlp.in")
    assert d.writes == ("blocks.0.mlp.out", "blocks.1.mlp.out")


def test_a_hook_may_be_a_whole_template(tmp_path):
    folder = write_set(
        tmp_path / "d", [circuit_tracer_layer()], feature_input_hook="blocks.{layer}.hook_resid_pre"
    )
    assert load_dictionary(folder).reads == ("blocks.0.hook_resid_pre",)


def test_the_clt_skip_is_not_transposed(tmp_path):
    d = load_dictionary(write_clt(tmp_path / "d", skip=True))
    raw = load_file(tmp_path / "d" / "W_enc_1.safetensors")
    assert d.skips[1] is not None
    assert torch.equal(d.skips[1], raw["W_skip_1"])


def test_the_configuration_is_kept_even_with_a_date(tmp_path):
    folder = write_set(tmp_path / "d", [circuit_tracer_layer()])
    with (folder / "config.yaml").open("a") as file:
        file.write("trained: 2025-03-01\n")
    info = load_dictionary(folder).info
    assert info["format"] == "circuit-tracer"
    assert info["config"]["trained"] == "2025-03-01"


@pytest.mark.parametrize(
    ("layer", "config", "says"),
    [
        ({}, {"activation": "topk"}, "k is None in the file and None in config.yaml"),
        ({}, {"activation": "topk", "k": 0}, "k is None in the file and 0 in config.yaml"),
        ({"k": torch.tensor(4)}, {"activation": "topk", "k": 8}, "k is 4 in the file and 8"),
        ({}, {"activation": "topk", "k": [1]}, r"k is None in the file and \[1\] in config.yaml"),
        ({"k": torch.tensor(4)}, {"activation": "topk", "k": {"a": 1}}, "k is 4 in the file and {"),
        ({"k": torch.ones(2)}, {"activation": "topk", "k": 1}, "'k' is torch.float32 of shape"),
        ({}, {"activation": "gelu"}, "names activation 'gelu'"),
        ({}, {"activation": "jump_relu"}, "no 'activation_function.threshold'"),
        ({}, {"feature_input_hook": None}, "field 'feature_input_hook' is None"),
        ({}, {"model_kind": "sae"}, "field 'model_kind' is 'sae', expected transcoder_set or"),
        ({"W_dec": torch.zeros(FEATURES - 1, D_OUT)}, {}, r"'W_dec' has shape \(11, 4\)"),
        ({"W_enc": torch.zeros(D_IN, FEATURES)}, {}, r"'W_enc' has shape \(5, 12\)"),
        ({"W_skip": torch.zeros(D_IN, D_OUT)}, {}, r"'W_skip' has shape \(5, 4\)"),
        ({"activation_function.threshold": torch.zeros(3)}, {}, r"threshold' has shape \(3,\)"),
        ({"b_enc": torch.zeros(FEATURES, dtype=torch.int64)}, {}, "expected floating point"),
    ],
)
def test_a_set_that_does_not_fit_is_refused(tmp_path, layer, config, says):
    refused(write_set(tmp_path / "d", [circuit_tracer_layer(**layer)], **config), says)


def test_a_k_in_the_file_alone_is_enough(tmp_path):
    layer = circuit_tracer_layer(k=torch.tensor(4))
    d = load_dictionary(write_set(tmp_path / "d", [layer], activation="topk"))
    assert d.encoders[0].activation.k == 4


def test_a_missing_layer(tmp_path):
    folder = write_set(tmp_path / "d", [circuit_tracer_layer()] * 3)
    (folder / "layer_1.safetensors").unlink()
    refused(folder, r"incomplete: it has no layer_1.safetensors")


def test_a_folder_with_nothing_but_the_configuration(tmp_path):
    refused(write_set(tmp_path / "d", []), r"incomplete: it has no layer_0.safetensors")


def test_a_missing_tensor(tmp_path):
    layer = circuit_tracer_layer()
    del layer["b_dec"]
    refused(write_set(tmp_path / "d", [layer]), r"layer_0.safetensors has no tensor 'b_dec'")


def test_a_clt_with_a_decoder_of_another_layer(tmp_path):
    folder = write_clt(tmp_path / "d")
    save_file({"W_dec_1": torch.randn(FEATURES, 3, D_IN)}, folder / "W_dec_1.safetensors")
    refused(folder, r"'W_dec_1' has shape \(12, 3, 5\), expected \(features=12, targets=2")


def test_a_clt_without_a_decoder(tmp_path):
    folder = write_clt(tmp_path / "d")
    (folder / "W_dec_2.safetensors").unlink()
    refused(folder, "W_dec_2.safetensors does not exist")


@pytest.mark.parametrize("content", ["a: [1", "\t- :", "just text", "[1, 2]", "", "\x00"])
def test_garbage_yaml(tmp_path, content):
    (tmp_path / "config.yaml").write_text(content)
    refused(tmp_path, r"config.yaml(: field 'model_kind' is None| is not readable as YAML)")


def test_yaml_is_never_executed(tmp_path):
    made = tmp_path / "made"
    (tmp_path / "config.yaml").write_text(f"x: !!python/object/apply:os.mkdir ['{made}']\n")
    refused(tmp_path, "not readable as YAML")
    assert not made.exists()


def listed(folder: Path, entries: object, **config: object) -> Path:
    return write_set(folder, [], transcoders=entries, **config)


def layers_of(d: Dictionary) -> list[str]:
    return [encoder.activation.kind for encoder in d.encoders]


def test_listed_files_of_any_layout(tmp_path):
    folder = listed(tmp_path / "d", ["own.safetensors", "g/params.npz", "g2.safetensors"])
    (folder / "g").mkdir()
    save_file(circuit_tracer_layer(), folder / "own.safetensors")
    arrays = gemma_scope_arrays()
    np.savez(folder / "g" / "params.npz", **arrays)
    lower = {k.replace("W_", "w_"): torch.from_numpy(v) for k, v in arrays.items()}
    save_file(lower, folder / "g2.safetensors")
    d = load_dictionary(folder)
    assert d.kind == "plt"
    assert d.reads == tuple(f"blocks.{i}.hook_resid_mid" for i in range(3))
    assert layers_of(d) == ["relu", "jumprelu", "jumprelu"]


def test_listed_files_of_the_hub_are_downloaded(tmp_path, monkeypatch):
    asked = []

    def download(repository, revision, allow_patterns, local_files_only=False):
        asked.append((repository, revision, allow_patterns))
        return str(tmp_path / "hub")

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    (tmp_path / "hub" / "a").mkdir(parents=True)
    np.savez(tmp_path / "hub" / "a" / "params.npz", **gemma_scope_arrays())
    folder = listed(tmp_path / "d", ["hf://google/scope/a/params.npz?revision=v1"])
    assert load_dictionary(folder).n_features == (FEATURES,)
    assert asked == [("google/scope", "v1", ["a/params.npz"])]


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        (["../secret.safetensors"], "lists '../secret.safetensors', expected a path inside"),
        (["/etc/secret.safetensors"], "expected a path inside the folder"),
        (["hf://nothing"], "lists 'hf://nothing'"),
        ([3], "lists 3"),
        ("one", "field 'transcoders' is not a list"),
        ([], "field 'transcoders' is not a list"),
        (["gone.safetensors"], "gone.safetensors does not exist"),
    ],
)
def test_lists_that_lead_nowhere_are_refused(tmp_path, entries, says):
    refused(listed(tmp_path / "d", entries), says)


def test_a_listed_clt_is_gemma_scopes(tmp_path):
    folder = listed(tmp_path / "d", ["p0.safetensors", "p1.safetensors"], **CLT)
    for i in range(2):
        tensors = {
            k.replace("W_", "w_"): torch.from_numpy(v) for k, v in gemma_scope_arrays().items()
        }
        tensors["w_dec"] = torch.randn(FEATURES, 2, D_OUT)
        save_file(tensors, folder / f"p{i}.safetensors")
    d = load_dictionary(folder)
    assert d.kind == "clt"
    assert [decoder.targets for decoder in d.decoders] == [(0, 1), (1,)]
