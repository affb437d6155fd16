"""The files that are written: names, tensors, orientation and configuration."""

import json
from dataclasses import replace

import numpy as np
import torch
import yaml
from safetensors.torch import load_file

from microtome.dictionary import Activation, load_dictionary
from microtome.dictionary.formats import save_as
from tests.dictionary.formats.layers import LAYERS, D, F, files, only, sample


def test_saelens_files(tmp_path):
    save_as(sample("sae", "jumprelu"), tmp_path / "d", "saelens")
    names = [f"blocks.{i}.hook_resid_post" for i in range(LAYERS)]
    parts = ("cfg.json", "sae_weights.safetensors")
    assert files(tmp_path / "d") == [f"{name}/{part}" for name in names for part in parts]
    config = json.loads((tmp_path / "d" / names[1] / "cfg.json").read_text())
    assert config["architecture"] == "jumprelu"
    assert (config["d_in"], config["d_sae"], config["dtype"]) == (D, F, "float32")
    assert config["apply_b_dec_to_input"] is False
    assert config["metadata"]["hook_name"] == names[1]
    assert int(config["metadata"]["sae_lens_version"].split(".")[0]) >= 6
    assert config["metadata"]["seqpos_slice"] == [1, None]
    raw = load_file(tmp_path / "d" / names[1] / "sae_weights.safetensors")
    assert {name: tuple(t.shape) for name, t in raw.items()} == {
        "W_enc": (D, F),
        "W_dec": (F, D),
        "b_enc": (F,),
        "b_dec": (D,),
        "threshold": (F,),
    }


def test_saelens_transcoder_files(tmp_path):
    d = sample("skip", "relu", d_out=4)
    save_as(only(d, 0), tmp_path / "d", "saelens")
    config = json.loads((tmp_path / "d" / "cfg.json").read_text())
    assert (config["architecture"], config["d_out"]) == ("skip_transcoder", 4)
    assert config["metadata"]["hook_name"] == "blocks.0.mlp.hook_in"
    assert config["metadata"]["hook_name_out"] == "blocks.0.hook_mlp_out"
    raw = load_file(tmp_path / "d" / "sae_weights.safetensors")
    assert raw["W_skip"].shape == (4, D)


def test_heads_are_joined_by_saelens(tmp_path):
    d = only(sample("sae", "relu"), 0)
    sites = {"reads": ("blocks.0.attn.head.out",), "writes": ("blocks.0.attn.head.out",)}
    save_as(replace(d, **sites), tmp_path / "d", "saelens")
    config = json.loads((tmp_path / "d" / "cfg.json").read_text())
    assert config["reshape_activations"] == "hook_z"
    assert config["metadata"]["hook_name"] == "blocks.0.attn.hook_z"


def test_sparsify_files(tmp_path):
    save_as(sample("skip", "topk"), tmp_path / "d", "sparsify")
    names = [f"layers.{i}.mlp" for i in range(LAYERS)]
    assert files(tmp_path / "d") == [
        f"{name}/{part}" for name in names for part in ("cfg.json", "sae.safetensors")
    ]
    config = json.loads((tmp_path / "d" / names[0] / "cfg.json").read_text())
    assert (config["k"], config["num_latents"], config["d_in"]) == (4, F, D)
    assert config["transcode"] and config["skip_connection"]
    raw = load_file(tmp_path / "d" / names[0] / "sae.safetensors")
    assert set(raw) == {"encoder.weight", "encoder.bias", "W_dec", "b_dec", "W_skip"}
    assert raw["encoder.weight"].shape == (F, D)


def test_dictionary_learning_files(tmp_path):
    save_as(sample("sae", "batchtopk"), tmp_path / "d", "dictionary_learning")
    names = [f"resid_post_layer_{i}/trainer_0" for i in range(LAYERS)]
    assert files(tmp_path / "d") == [
        f"{name}/{part}" for name in names for part in ("ae.pt", "config.json")
    ]
    config = json.loads((tmp_path / "d" / names[2] / "config.json").read_text())["trainer"]
    assert (config["dict_class"], config["k"], config["layer"]) == ("BatchTopKSAE", 4, 2)
    assert config["submodule_name"] == "resid_post_layer_2"
    path = tmp_path / "d" / names[2] / "ae.pt"
    raw = torch.load(path, weights_only=True)
    assert {name: (tuple(t.shape), t.dtype) for name, t in raw.items()} == {
        "b_dec": ((D,), torch.float32),
        "encoder.weight": ((F, D), torch.float32),
        "encoder.bias": ((F,), torch.float32),
        "decoder.weight": ((D, F), torch.float32),
        "k": ((), torch.int32),
        "threshold": ((), torch.float32),
    }
    # a view would be saved with all that it is a view of
    assert path.stat().st_size < 4 * (2 * F * D + F + D) + 4000


def test_a_batchtopk_dictionary_with_a_threshold_for_each_feature(tmp_path):
    each = Activation("batchtopk", k=4, threshold=torch.rand(F))
    d = only(sample("sae"), 0)
    d = replace(d, encoders=(replace(d.encoders[0], activation=each),))
    save_as(d, tmp_path / "d", "dictionary_learning")
    read = load_dictionary(tmp_path / "d").encoders[0].activation
    assert read.kind == "jumprelu"
    assert read.threshold is not None and each.threshold is not None
    assert torch.equal(read.threshold, each.threshold)


def test_circuit_tracer_files(tmp_path):
    save_as(sample("clt", "batchtopk"), tmp_path / "clt", "circuit-tracer")
    config = yaml.safe_load((tmp_path / "clt" / "config.yaml").read_text())
    assert config["model_kind"] == "cross_layer_transcoder"
    assert config["feature_input_hook"] == "mlp.hook_in"
    assert config["feature_output_hook"] == "hook_mlp_out"
    raw = load_file(tmp_path / "clt" / "W_enc_1.safetensors")
    assert {name: tuple(t.shape) for name, t in raw.items()} == {
        "W_enc_1": (F, D),
        "b_enc_1": (F,),
        "b_dec_1": (D,),
        "threshold_1": (F,),
    }
    assert load_file(tmp_path / "clt" / "W_dec_1.safetensors")["W_dec_1"].shape == (F, 2, D)
    save_as(sample("skip", "topk"), tmp_path / "plt", "circuit-tracer")
    config = yaml.safe_load((tmp_path / "plt" / "config.yaml").read_text())
    assert (config["model_kind"], config["k"]) == ("transcoder_set", 4)
    raw = load_file(tmp_path / "plt" / "layer_2.safetensors")
    assert set(raw) == {"W_enc", "W_dec", "b_enc", "b_dec", "W_skip", "k"}


def test_thresholds_that_let_negative_values_pass_are_never_written(tmp_path):
    save_as(sample("plt", "jumprelu"), tmp_path / "d", "circuit-tracer")
    raw = load_file(tmp_path / "d" / "layer_0.safetensors")
    assert raw["activation_function.threshold"].min() == 0


def test_gemma_scope_files(tmp_path):
    save_as(sample("plt", "relu", d_out=4), tmp_path / "one", "gemma-scope")
    with np.load(tmp_path / "one" / "layer_1" / "params.npz") as arrays:
        shapes = {name: arrays[name].shape for name in arrays.files}
    assert shapes == {
        "W_enc": (D, F),
        "W_dec": (F, 4),
        "b_enc": (F,),
        "b_dec": (4,),
        "threshold": (F,),
    }
    save_as(sample("skip", "relu", d_out=4), tmp_path / "two", "gemma-scope-2")
    raw = load_file(tmp_path / "two" / "layer_1" / "params.safetensors")
    assert raw["affine_skip_connection"].shape == (D, 4)
    config = json.loads((tmp_path / "two" / "layer_1" / "config.json").read_text())
    norm = "feedforward_layernorm.output"
    assert config["hf_hook_point_in"] == f"model.layers.1.pre_{norm}"
    assert config["hf_hook_point_out"] == f"model.layers.1.post_{norm}"
    save_as(sample("clt", "relu"), tmp_path / "clt", "gemma-scope-2")
    raw = load_file(tmp_path / "clt" / "params_layer_1.safetensors")
    assert raw["w_dec"].shape == (F, LAYERS, D)
    assert not raw["w_dec"][:, 0].any()
