"""Differentiable encode and decode whose cost is proportional to the entries of the codes.

A dense product finds the pre-activations outside autograd; from there on only entries take part.
Gradients of weights are written straight into `Parameter.grad`, whose memory is kept from step to
step: fresh memory for a large gradient costs more than computing it.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd import Function

from microtome.dictionary.codes import Codes
from microtome.dictionary.kernels import Kernels


class Gradients:
    """Where weight gradients are put: one buffer for each parameter, for as long as it lives."""

    def __init__(self, kernels: Kernels):
        self.kernels = kernels
        self._buffers: dict[nn.Parameter, Tensor] = {}

    def clear(self, parameters: Sequence[nn.Parameter]) -> None:
        for parameter in parameters:
            parameter.grad = None

    def add_product(
        self, parameter: nn.Parameter, codes: Codes, rows: Float[Tensor, "rows wide"], column: int
    ) -> None:
        """Add S.T @ rows to a parameter's gradient; the first one of a step only writes."""
        if parameter.grad is None:
            buffer = self._buffers.setdefault(parameter, torch.empty_like(parameter))
            self.kernels.spmm_t(codes, rows, buffer, column)
            parameter.grad = buffer
        else:
            more = torch.empty_like(parameter)
            self.kernels.spmm_t(codes, rows, more, column)
            parameter.grad += more


class _Encode(Function):
    """Entries of x @ weight.T + bias, already computed, with their gradients."""

    @staticmethod
    def forward(ctx, values, bias, weight, x, codes, gradients):
        ctx.weight, ctx.x, ctx.codes, ctx.gradients = weight, x, codes, gradients
        return values.clone()

    @staticmethod
    def backward(ctx, *grads):
        (grad,) = grads
        codes = ctx.codes.with_values(grad.contiguous())
        ctx.gradients.add_product(ctx.weight, codes, ctx.x, 0)
        bias = torch.zeros(codes.n_features, dtype=grad.dtype, device=grad.device)
        bias.index_add_(0, codes.features, codes.values)
        return None, bias, None, None, None, None


class _Decode(Function):
    """base + the sum of S_i @ weight_i, each put at its own columns, with gradients of base,
    values and weights."""

    @staticmethod
    def forward(ctx, base, codes, columns, weights, frozen, gradients, *values):
        ctx.codes, ctx.columns, ctx.weights = codes, columns, weights
        ctx.frozen, ctx.gradients = frozen, gradients
        ctx.save_for_backward(*values)
        out = base.detach().clone(memory_format=torch.contiguous_format)
        for c, column, weight, v in zip(codes, columns, weights, values, strict=True):
            gradients.kernels.spmm(c.with_values(v.detach()), weight.detach(), out, column)
        return out

    @staticmethod
    def backward(ctx, *grads):
        grad = grads[0].contiguous()
        found = []
        for codes, column, weight, values in zip(
            ctx.codes, ctx.columns, ctx.weights, ctx.saved_tensors, strict=True
        ):
            found.append(ctx.gradients.kernels.sddmm(codes, weight.detach(), grad, column))
            if not ctx.frozen:
                ctx.gradients.add_product(weight, codes.with_values(values), grad, column)
        return grad, None, None, None, None, None, *found


class _MeanSquare(Function):
    """Mean square difference per written site; one pass each way instead of autograd's five."""

    @staticmethod
    def forward(ctx, outputs, truth, d_out):
        error = outputs - truth
        ctx.save_for_backward(error)
        ctx.d_out = d_out
        return error.view(len(error), -1, d_out).square().mean((0, 2))

    @staticmethod
    def backward(ctx, *grads):
        (error,) = ctx.saved_tensors
        scale = grads[0] * (2 / (len(error) * ctx.d_out))
        by_site = error.view(len(error), -1, ctx.d_out) * scale[:, None]
        return by_site.view_as(error), None, None


def mean_square(
    outputs: Float[Tensor, "rows width"], truth: Float[Tensor, "rows width"], d_out: int
) -> Float[Tensor, " written"]:
    """Mean square difference of each written site; `truth` has no gradient."""
    call: Callable[..., Tensor] = _MeanSquare.apply  # pyright: ignore[reportAssignmentType]
    return call(outputs, truth, d_out)


def encode_entries(
    codes: Codes,
    bias: Float[Tensor, " features"],
    weight: nn.Parameter,
    x: Float[Tensor, "rows d_read"],
    gradients: Gradients,
) -> Float[Tensor, " active"]:
    """The pre-activations that `codes` holds, as a function of weight and bias."""
    call: Callable[..., Tensor] = _Encode.apply  # pyright: ignore[reportAssignmentType]
    return call(codes.values, bias, weight, x, codes, gradients)


def decode_entries(
    codes: Sequence[Codes],
    values: Sequence[Float[Tensor, " _"]],
    weights: Sequence[nn.Parameter],
    columns: Sequence[int],
    base: Float[Tensor, "rows width"],
    gradients: Gradients,
    frozen: bool = False,
) -> Float[Tensor, "rows width"]:
    """What the entries write, added to `base`; `frozen` keeps the decoders out of the gradient."""
    call: Callable[..., Tensor] = _Decode.apply  # pyright: ignore[reportAssignmentType]
    return call(base, list(codes), list(columns), list(weights), frozen, gradients, *values)
