"""Every architecture's loss and gradients are those of the dense reference, in float64."""

import pytest
import torch

from microtome.training.coder import SparseCoder
from microtome.training.loss import loss_of
from tests.training import reference
from tests.training.coders import KINDS, LAYERS, VARIANTS, batch, coder, recipe


def gradients(of: SparseCoder, x, truth, dead) -> tuple[float, dict[str, torch.Tensor]]:
    of.gradients.clear(list(of.parameters()))
    loss = loss_of(of, of(x), truth, 0.7, dead)
    loss.total.backward()
    found = {n: torch.zeros_like(p) if p.grad is None else p.grad for n, p in of.named_parameters()}
    return float(loss.total.detach()), found


def expected_gradients(of: SparseCoder, x, truth, dead) -> tuple[float, dict[str, torch.Tensor]]:
    leaves = {n: p.detach().clone().requires_grad_() for n, p in of.named_parameters()}
    loss = reference.loss(leaves, of, x, truth, 0.7, dead)
    loss.backward()
    found = {n: torch.zeros_like(p) if p.grad is None else p.grad for n, p in leaves.items()}
    return float(loss.detach()), found


def assert_as_reference(of: SparseCoder, dead) -> None:
    x, truth = batch(of)
    total, found = gradients(of, x, truth, dead)
    expected_total, expected = expected_gradients(of, x, truth, dead)
    assert total == pytest.approx(expected_total, rel=1e-12)
    for name, gradient in expected.items():
        largest = float(gradient.abs().max())
        assert torch.allclose(found[name], gradient, atol=1e-9 * max(largest, 1.0), rtol=1e-9), name
        assert largest > 0 or "magnitude" in name, f"{name} has no gradient to compare"


def nobody(of: SparseCoder):
    return [torch.zeros(len(b), dtype=torch.bool) for b in of.encoder_biases]


@pytest.mark.parametrize("kernels", ["cpu", "reference"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_loss_and_gradients(kind: str, variant: str, kernels: str):
    of = coder(recipe(kind, variant), kernels)
    assert_as_reference(of, nobody(of))


@pytest.mark.parametrize("way", ["aux", "pre_activation"])
@pytest.mark.parametrize("kind", ["sae", "clt"])
@pytest.mark.parametrize("variant", ["topk", "batchtopk", "jumprelu", "relu"])
def test_dead_features_come_back(kind: str, variant: str, way: str):
    of = coder(recipe(kind, variant, dead=way, pre_activation_coefficient=0.3, aux_coefficient=0.5))
    dead = nobody(of)
    for i, mask in enumerate(dead):
        mask[i :: LAYERS + 1] = True
    assert_as_reference(of, dead)


def test_only_dead_features_learn_from_the_aux_loss():
    from microtome.training.loss import aux_loss

    of = coder(recipe("sae", "topk"))
    x, truth = batch(of)
    dead = nobody(of)
    dead[0][7] = True
    forward = of(x)
    of.gradients.clear(list(of.parameters()))
    aux_loss(of, forward, truth, dead).backward()
    gradient = of.decoders[0].grad
    assert gradient is not None
    assert gradient.abs().sum(1).nonzero()[:, 0].tolist() == [7]


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_loss_is_a_mean_over_tokens(variant: str):
    """Twice the same tokens: the same loss and gradients (a sum would be twice as large)."""
    of = coder(recipe("plt", variant))
    x, truth = batch(of)
    once = gradients(of, x, truth, nobody(of))
    kept = {name: gradient.clone() for name, gradient in once[1].items()}
    twice = gradients(of, [v.repeat(2, 1) for v in x], truth.repeat(2, 1), nobody(of))
    assert once[0] == pytest.approx(twice[0])
    for name, gradient in kept.items():
        assert torch.allclose(gradient, twice[1][name], atol=1e-9), name


def test_predicting_the_mean_costs_one():
    of = coder(recipe("sae", "topk"), dtype=torch.float32)
    x = [torch.randn(20_000, 6) for _ in range(LAYERS)]
    with torch.no_grad():
        of.decoder_bias.zero_()
        for bias in of.encoder_biases:
            bias.fill_(-1e9)
        loss = loss_of(of, of(x), torch.cat(x, 1), 0.0, nobody(of))
    assert torch.allclose(loss.reconstruction, torch.ones(LAYERS), atol=0.02)
