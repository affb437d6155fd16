"""The frozen model is affine, and equals the model on its own prompt."""

import pytest
import torch

from microtome.errors import MicrotomeError
from microtome.model import Site
from microtome.model.frozen import freeze, sites_to_freeze
from tests.model.families import FAMILIES, tiny_model, tokens


@pytest.mark.parametrize("family", FAMILIES)
def test_the_frozen_forward_pass_equals_the_model(family: str):
    model = tiny_model(family)
    run = model.run(tokens(), sites_to_freeze(model))
    frozen = freeze(model, run)
    stream = frozen.tokens + frozen.positions
    for layer, parts in enumerate(frozen.layers):
        attention = parts.attention.linear(stream) + parts.attention.constant
        assert torch.allclose(attention, run[f"blocks.{layer}.attn.out"][0], atol=1e-12)
        stream = stream + attention + run[f"blocks.{layer}.mlp.out"][0]
    final = frozen.final_norm.linear(stream) + frozen.final_norm.constant
    assert torch.allclose(final, run["final"][0], atol=1e-12)
    if family != "gemma2":  # whose logits pass a soft-cap
        logits = final @ frozen.unembed
        bias = frozen.unembed_bias
        assert torch.allclose(logits if bias is None else logits + bias, run.logits[0], atol=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_maps_pull_back_as_they_push_forward(family: str):
    """fold_input is the transpose of the linear part, for every norm."""
    model = tiny_model(family)
    frozen = freeze(model, model.run(tokens(), sites_to_freeze(model)))
    x, g = torch.randn(2, 9, model.d_model, dtype=torch.float64)
    for norm in (frozen.final_norm, frozen.layers[0].mlp_norm, frozen.layers[1].attn_norm):
        forwards = (g * norm.linear(x)).sum()
        backwards = (norm.fold_input(g) * norm.scale * x).sum()
        assert torch.allclose(forwards, backwards, atol=1e-12)


def test_rounding_inside_norms_is_small_and_a_wrong_norm_is_refused():
    model = tiny_model("llama")
    run = model.run(tokens(), sites_to_freeze(model))
    constant = freeze(model, run).layers[0].mlp_norm.constant
    assert 0 < constant.abs().max() < 1e-5
    site = Site("final")
    run.activations[site] = run.activations[site] * 1.01
    with pytest.raises(MicrotomeError, match="final norm"):
        freeze(model, run)


def test_activations_that_are_not_finite_name_the_first_site():
    model = tiny_model("llama")
    with torch.no_grad():
        model.blocks[1].mlp.down_proj.weight[0, 0] = float("nan")
    run = model.run(tokens(), sites_to_freeze(model))
    with pytest.raises(MicrotomeError, match=r"blocks\.1\.mlp\.out are not finite"):
        freeze(model, run)
