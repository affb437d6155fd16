"""Normalisation layers with their denominators frozen: what is left of a norm is linear."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from microtome.errors import MicrotomeError


def _eps(norm: nn.Module) -> float:
    for name in ("eps", "variance_epsilon"):
        if hasattr(norm, name):
            return float(getattr(norm, name))
    raise MicrotomeError(f"norm {type(norm).__name__} has no epsilon that microtome can find")


def _centred(norm: nn.Module) -> bool:
    """LayerNorm subtracts the mean over d; RMSNorm does not."""
    return isinstance(norm, nn.LayerNorm)


def _denominator(norm: nn.Module, x: Float[Tensor, "*batch d"]) -> Float[Tensor, "*batch 1"]:
    if _centred(norm):
        x = x - x.mean(-1, keepdim=True)
    return torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + _eps(norm))


def normalized(norm: nn.Module, x: Float[Tensor, "*batch d"]) -> Float[Tensor, "*batch d"]:
    """The norm's output before its weight and bias are applied."""
    scale = _denominator(norm, x)
    return (x - x.mean(-1, keepdim=True) if _centred(norm) else x) * scale


@dataclass(frozen=True)
class FrozenNorm:
    """A norm on one prompt, linearised: y = scale * weight * C x + constant.

    C subtracts the mean over d for LayerNorm and is the identity for RMSNorm. The constant is
    the norm's bias and what rounding inside the norm adds: transformers computes RMSNorm in
    float32 whatever the model's dtype.
    """

    scale: Float[Tensor, "position 1"]
    weight: Float[Tensor, " d"]
    centred: bool
    constant: Float[Tensor, "position d"]
    eps: float | None
    """None where there is no norm at all."""

    def linear(self, x: Float[Tensor, "*batch position d"]) -> Float[Tensor, "*batch position d"]:
        """The linear part, position by position."""
        return self.fold_output(x) * self.scale

    def fold_output(self, x: Float[Tensor, "*rows d"]) -> Float[Tensor, "*rows d"]:
        """weight * C x: the part that is the same at every position."""
        return (x - x.mean(-1, keepdim=True) if self.centred else x) * self.weight

    def fold_input(self, directions: Float[Tensor, "*rows d"]) -> Float[Tensor, "*rows d"]:
        """The transpose, C (weight * g): pulls directions on the output back to the input."""
        pulled = directions * self.weight
        return pulled - pulled.mean(-1, keepdim=True) if self.centred else pulled

    def as_frozen(
        self, x: Float[Tensor, "position d"], change: Float[Tensor, "*batch position d"]
    ) -> Float[Tensor, "*batch position d"]:
        """The change of x that does behind the frozen norm what `change` does behind the live one.

        With s and s' the norm's scale before and after the change: (x + change) s' / s - x.
        """
        if self.eps is None:
            return change
        changed = x + change
        centred = changed - changed.mean(-1, keepdim=True) if self.centred else changed
        scale = torch.rsqrt(centred.pow(2).mean(-1, keepdim=True) + self.eps)
        return changed * (scale / self.scale) - x


def freeze_norm(
    norm: nn.Module | None,
    x: Float[Tensor, "position d"],
    y: Float[Tensor, "position d"],
    unit_offset: bool,
    name: str,
) -> FrozenNorm:
    """Freeze a norm that was seen to map x to y; `None` stands for no norm at all.

    Raises:
        MicrotomeError: y is not what the frozen norm computes, beyond rounding: the module is
            not the norm that the adapter row takes it for.
    """
    if norm is None:
        one, weight = torch.ones_like(x[:, :1]), torch.ones_like(x[0])
        return FrozenNorm(one, weight, False, torch.zeros_like(x), None)
    weight, bias = norm.weight, getattr(norm, "bias", None)
    assert isinstance(weight, Tensor)
    weight = weight.detach().to(x.dtype)
    bias = torch.zeros_like(weight) if bias is None else bias.detach().to(x.dtype)
    linear = FrozenNorm(
        _denominator(norm, x), weight + 1 if unit_offset else weight, _centred(norm), x, _eps(norm)
    )
    rounding = y - bias - linear.linear(x)
    stored = norm.weight.dtype
    tolerance = 1e-4 if stored in (torch.float32, torch.float64) else 5e-2
    if rounding.norm() > tolerance * y.norm():
        raise MicrotomeError(
            f"{name} ({type(norm).__name__}) is not the norm that the adapter row describes; "
            f"its output is off by {float(rounding.norm() / y.norm()):.1e}"
        )
    return FrozenNorm(linear.scale, linear.weight, linear.centred, bias + rounding, _eps(norm))
