"""The estimators are finite differences of what they stand for, over the window's width."""

import pytest
import torch

from microtome.training.straight_through import jumprelu, step

EPS, N = 0.02, 200_000


def _setting():
    generator = torch.Generator().manual_seed(0)
    pre = torch.randn(N, generator=generator, dtype=torch.float64)
    return pre, torch.tensor(0.7, dtype=torch.float64)


def test_the_step_is_the_difference_of_l0_over_the_window():
    """d/d theta of a count is a difference quotient over the window, to the last entry."""
    pre, theta = _setting()
    theta.requires_grad_()
    step(pre, theta.expand(N), EPS).sum().backward()
    with torch.no_grad():
        above = (pre > theta + EPS / 2).sum() - (pre >= theta - EPS / 2).sum()
    assert float(theta.grad) == pytest.approx(float(above) / EPS, rel=1e-12)


def test_jumprelu_is_the_difference_of_any_smooth_loss():
    """For a loss that is linear in the activation, to the window's width over the threshold."""
    pre, theta = _setting()
    weight = torch.sin(pre)
    theta.requires_grad_()
    (weight * jumprelu(pre, theta.expand(N), EPS)).sum().backward()

    def loss(at: float) -> float:
        return float((weight * pre * (pre > at)).sum())

    t = 0.7
    difference = (loss(t + EPS / 2) - loss(t - EPS / 2)) / EPS
    assert theta.grad is not None
    assert float(theta.grad) == pytest.approx(difference, rel=EPS)


def test_pre_activations_see_the_gate_and_not_its_edge():
    pre = torch.tensor([0.65, 0.699, 0.701, 2.0], dtype=torch.float64, requires_grad=True)
    theta = torch.full((4,), 0.7, dtype=torch.float64)
    (jumprelu(pre, theta, 0.1).sum() + step(pre, theta, 0.1).sum()).backward()
    assert pre.grad is not None
    assert pre.grad.tolist() == [0.0, 0.0, 1.0, 1.0]
