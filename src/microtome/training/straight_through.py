"""Straight-through estimators of JumpReLU (Rajamanoharan et al. 2024, "Jumping Ahead", eq. 11, 12).

The step at the threshold has no useful derivative; both use a rectangle of width `bandwidth`
around it in its place. Neither passes that derivative on to the pre-activation.
"""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor
from torch.autograd import Function


def _window(pre: Tensor, threshold: Tensor, bandwidth: float) -> Tensor:
    return ((pre - threshold).abs() < bandwidth / 2).to(pre.dtype)


class _JumpReLU(Function):
    @staticmethod
    def forward(ctx, pre, threshold, bandwidth):
        ctx.save_for_backward(pre, threshold)
        ctx.bandwidth = bandwidth
        return pre * (pre > threshold)

    @staticmethod
    def backward(ctx, *grads):
        (grad,) = grads
        pre, threshold = ctx.saved_tensors
        pull = -threshold / ctx.bandwidth * _window(pre, threshold, ctx.bandwidth)
        return grad * (pre > threshold), grad * pull, None


class _Step(Function):
    @staticmethod
    def forward(ctx, pre, threshold, bandwidth):
        ctx.save_for_backward(pre, threshold)
        ctx.bandwidth = bandwidth
        return (pre > threshold).to(pre.dtype)

    @staticmethod
    def backward(ctx, *grads):
        (grad,) = grads
        pre, threshold = ctx.saved_tensors
        return None, -grad / ctx.bandwidth * _window(pre, threshold, ctx.bandwidth), None


def jumprelu(
    pre: Float[Tensor, " n"], threshold: Float[Tensor, " n"], bandwidth: float
) -> Float[Tensor, " n"]:
    """pre where it is above the threshold, else 0; d/d threshold is -(threshold / bandwidth)
    inside the window."""
    call: Callable[..., Tensor] = _JumpReLU.apply  # pyright: ignore[reportAssignmentType]
    return call(pre, threshold, bandwidth)


def step(
    pre: Float[Tensor, " n"], threshold: Float[Tensor, " n"], bandwidth: float
) -> Float[Tensor, " n"]:
    """1 where pre is above the threshold, else 0; d/d threshold is -1 / bandwidth inside the
    window."""
    call: Callable[..., Tensor] = _Step.apply  # pyright: ignore[reportAssignmentType]
    return call(pre, threshold, bandwidth)
