import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from microtome.dictionary import load_dictionary
from microtome.errors import MicrotomeError
from tests.dictionary.samples import D_IN, D_OUT, FEATURES, gemma_scope_arrays

SITES = {"reads": "blocks.{layer}.mlp.in", "writes": "blocks.{layer}.mlp.out"}


def write_npz(folder: Path, **arrays: np.ndarray) -> dict[str, torch.Tensor]:
    folder.mkdir(parents=True)
    whole = gemma_scope_arrays() | arrays
    np.savez(folder / "params.npz", **whole)
    return {name: torch.from_numpy(array) for name, array in whole.items()}


def write_safetensors(
    path: Path, config: dict | None = None, **tensors: torch.Tensor
) -> dict[str, torch.Tensor]:
    """A file of Gemma Scope 2: lower-case names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {k.replace("W_", "w_"): torch.from_numpy(v) for k, v in gemma_scope_arrays().items()}
    whole |= tensors
    save_file(whole, path)
    if config is not None:
        (path.parent / "config.json").write_text(json.dumps(config))
    return whole


def reconstruct(raw: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    raw = {name.lower(): tensor for name, tensor in raw.items()}
    pre = x @ raw["w_enc"] + raw["b_enc"]
    codes = torch.relu(pre) * (pre > raw["threshold"])
    out = codes @ raw["w_dec"] + raw["b_dec"]
    skip = raw.get("affine_skip_connection")
    return out if skip is None else out + x @ skip


def refused(folder: Path, says: str, **sites: str) -> None:
    with pytest.raises(MicrotomeError, match=says) as caught:
        load_dictionary(folder, **sites)
    assert "\n" not in str(caught.value)


def test_npz(tmp_path):
    folder = tmp_path / "layer_12" / "width_16k" / "average_l0_6"
    raw = write_npz(folder)
    d, x = load_dictionary(folder, **SITES), torch.randn(40, D_IN)
    assert (d.kind, d.reads, d.writes) == ("plt", ("blocks.12.mlp.in",), ("blocks.12.mlp.out",))
    assert d.skip_first
    torch.testing.assert_close(d.reconstruct([x])[0], reconstruct(raw, x))


def test_an_sae_writes_what_it_reads(tmp_path):
    write_npz(
        tmp_path / "layer_3", W_dec=np.ones((FEATURES, D_IN), "f4"), b_dec=np.ones(D_IN, "f4")
    )
    site = "blocks.{layer}.resid.post"
    assert load_dictionary(tmp_path / "layer_3", reads=site, writes=site).kind == "sae"


@pytest.mark.parametrize("skip", [False, True])
def test_safetensors_of_the_second_version(tmp_path, skip):
    path = tmp_path / "transcoder_all" / "layer_7_width_16k_l0_small" / "params.safetensors"
    extra = {"affine_skip_connection": torch.randn(D_IN, D_OUT)} if skip else {}
    raw = write_safetensors(path, w_dec=torch.randn(FEATURES, D_OUT).bfloat16(), **extra)
    d, x = load_dictionary(path.parent, **SITES), torch.randn(40, D_IN)
    assert d.reads == ("blocks.7.mlp.in",)
    assert d.decoders[0].weight.dtype == torch.bfloat16
    raw["w_dec"] = raw["w_dec"].float()
    torch.testing.assert_close(d.reconstruct([x])[0], reconstruct(raw, x))


@pytest.mark.parametrize(
    ("config", "reads", "writes"),
    [
        (
            {
                "type": "transcoder",
                "hf_hook_point_in": "model.layers.5.pre_feedforward_layernorm.output",
                "hf_hook_point_out": "model.layers.5.post_feedforward_layernorm.output",
            },
            "blocks.5.mlp.in",
            "blocks.5.mlp.out",
        ),
        (
            {"hf_hook_point_in": "model.layers.11.self_attn.o_proj.input"},
            "blocks.11.attn.head.out",
            "blocks.11.attn.head.out",
        ),
        (
            {"type": "sae", "hf_hook_point_in": "model.language_model.layers.2.output"},
            "blocks.2.resid.post",
            "blocks.2.resid.post",
        ),
    ],
)
def test_sites_by_the_configuration_of_the_second_version(tmp_path, config, reads, writes):
    write_safetensors(tmp_path / "params.safetensors", config)
    d = load_dictionary(tmp_path)
    assert (d.reads, d.writes) == ((reads,), (writes,))


@pytest.mark.parametrize(
    "config",
    [
        None,
        {},
        {"hf_hook_point_in": "model.embed_tokens"},
        {"hf_hook_point_in": ["model.layers.1.output"]},
        {"type": "transcoder", "hf_hook_point_in": "model.layers.1.output"},
    ],
)
def test_without_sites_it_says_to_pass_them(tmp_path, config):
    write_safetensors(tmp_path / "layer_1" / "params.safetensors", config)
    refused(tmp_path / "layer_1", "does not say which sites it reads and writes; pass reads and")


def test_one_template_can_complete_the_configuration(tmp_path):
    config = {"type": "transcoder", "hf_hook_point_in": "model.layers.1.output"}
    write_safetensors(tmp_path / "params.safetensors", config)
    d = load_dictionary(tmp_path, writes="blocks.1.mlp.out")
    assert (d.reads, d.writes) == (("blocks.1.resid.post",), ("blocks.1.mlp.out",))


def test_one_template_alone_is_not_enough(tmp_path):
    write_npz(tmp_path / "layer_1")
    refused(tmp_path / "layer_1", "does not say which sites", writes="blocks.{layer}.mlp.out")


def test_a_template_needs_a_layer(tmp_path):
    write_npz(tmp_path / "sae")
    refused(tmp_path / "sae", "no part of its path is layer_N", **SITES)
    d = load_dictionary(tmp_path / "sae", reads="blocks.1.mlp.in", writes="blocks.1.mlp.out")
    assert d.reads == ("blocks.1.mlp.in",)


def test_crosscoders_are_refused_by_name(tmp_path):
    write_safetensors(tmp_path / "params.safetensors", {"type": "crosscoder"})
    refused(tmp_path, "crosscoders are not read yet")


def test_a_folder_per_layer_is_one_dictionary_in_order(tmp_path):
    for layer in (10, 0, 2):
        write_npz(tmp_path / f"layer_{layer}" / "width_16k" / "average_l0_70")
    d = load_dictionary(tmp_path, **SITES)
    assert d.kind == "plt"
    assert d.reads == tuple(f"blocks.{i}.mlp.in" for i in (0, 2, 10))


def test_several_of_one_layer_are_refused(tmp_path):
    for l0 in (20, 70):
        write_npz(tmp_path / "layer_4" / "width_16k" / f"average_l0_{l0}")
    refused(tmp_path, "several dictionaries for layer 4, such as .*average_l0_20 and", **SITES)


def write_clt(folder: Path, layers: int = 3) -> list[dict[str, torch.Tensor]]:
    return [
        write_safetensors(
            folder / f"params_layer_{i}.safetensors",
            w_dec=torch.randn(FEATURES, layers, D_OUT) * (torch.arange(layers) >= i)[:, None],
            affine_skip_connection=torch.randn(D_IN, D_OUT),
        )
        for i in range(layers)
    ]


def test_cross_layer_transcoder(tmp_path):
    raws = write_clt(tmp_path)
    d = load_dictionary(tmp_path, **SITES)
    assert d.kind == "clt"
    assert [decoder.targets for decoder in d.decoders] == [(0, 1, 2), (1, 2), (2,)]
    xs = [torch.randn(9, D_IN) for _ in raws]
    found = d.reconstruct(xs)
    for j, raw in enumerate(raws):
        expected = raw["b_dec"] + xs[j] @ raw["affine_skip_connection"]
        for x, other in zip(xs, raws, strict=True):
            pre = x @ other["w_enc"] + other["b_enc"]
            codes = torch.relu(pre) * (pre > other["threshold"])
            expected = expected + codes @ other["w_dec"][:, j]
        torch.testing.assert_close(found[j], expected)


def test_cross_layer_transcoders_that_are_refused(tmp_path):
    write_clt(tmp_path)
    refused(tmp_path, "does not say which sites")
    refused(
        tmp_path, "crosscoders do, which are not read yet", reads="b.{layer}", writes="b.{layer}"
    )
    write_safetensors(
        tmp_path / "params_layer_1.safetensors", w_dec=torch.randn(FEATURES, 2, D_OUT)
    )
    refused(tmp_path, r"'w_dec' has shape \(12, 2, 4\), expected \(features=12, layers=3", **SITES)
    (tmp_path / "params_layer_1.safetensors").unlink()
    refused(tmp_path, "incomplete: it has no params_layer_1.safetensors", **SITES)


@pytest.mark.parametrize(
    ("name", "array", "says"),
    [
        ("W_enc", np.ones((FEATURES, D_IN), "f4"), r"'W_enc' has shape \(12, 5\)"),
        ("W_dec", np.ones((D_OUT, FEATURES), "f4"), r"'W_dec' has shape \(4, 12\)"),
        ("threshold", np.ones(3, "f4"), r"'threshold' has shape \(3,\)"),
        ("b_enc", np.ones(FEATURES, "i8"), "torch.int64, expected floating point"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, name, array, says):
    write_npz(tmp_path / "layer_0", **{name: array})
    refused(tmp_path / "layer_0", says, **SITES)


def test_a_missing_array(tmp_path):
    arrays = gemma_scope_arrays()
    del arrays["threshold"]
    np.savez(tmp_path / "params.npz", **arrays)
    refused(
        tmp_path, "no tensor 'threshold'; it has W_dec, W_enc, b_dec, b_enc", reads="a", writes="b"
    )


def test_a_pickled_array(tmp_path):
    np.savez(tmp_path / "params.npz", W_enc=np.array([{}], dtype=object))
    refused(tmp_path, "pickled arrays are never read", reads="a", writes="b")
