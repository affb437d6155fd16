"""What tools compute around their weights, as one affine encoder and one threshold per feature."""

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.dictionary.activation import Activation
from microtome.dictionary.dictionary import Encoder


def gated(
    weight: Float[Tensor, "features d_in"],
    gate: Float[Tensor, " features"],
    magnitude: Float[Tensor, " features"],
    log_ratio: Float[Tensor, " features"],
) -> Encoder:
    """The JumpReLU encoder that a gated one is (Rajamanoharan et al. 2024,
    https://arxiv.org/abs/2404.16014, section 3.2).

    The gate x @ W + b_gate > 0 and the magnitude m = exp(r_mag) (x @ W) + b_mag share W, and
    exp(r_mag) > 0, so the gate is open if and only if m > b_mag - exp(r_mag) b_gate: exactly
    weights exp(r_mag) W, bias b_mag and that threshold.
    """
    ratio = log_ratio.exp()
    threshold = magnitude - ratio * gate
    return Encoder(ratio[:, None] * weight, magnitude, Activation("jumprelu", threshold=threshold))


def fold_shift(encoder: Encoder, shift: Float[Tensor, " d_in"]) -> Encoder:
    """The encoder of x that is this encoder of x - shift: (x - s) @ W + b = x @ W + (b - s @ W)."""
    bias = encoder.bias - encoder.weight @ shift
    return Encoder(encoder.weight, bias, encoder.activation)


def unfold_shift(encoder: Encoder, shift: Float[Tensor, " d_in"]) -> Encoder:
    """The encoder of x - shift that is this encoder of x, for tools that subtract b_dec."""
    return fold_shift(encoder, -shift)


def unit_decoder(
    encoder: Encoder, weight: Float[Tensor, "features d_out"]
) -> tuple[Encoder, Float[Tensor, "features d_out"]]:
    """The same function, with every decoder row's norm moved into its encoder."""
    weight = weight.float()
    norm = weight.norm(dim=-1)
    scaled = Encoder(encoder.weight * norm[:, None], encoder.bias * norm, encoder.activation)
    # a row of zeros writes nothing, whatever it is divided by
    return scaled, weight / norm.clamp(min=torch.finfo(weight.dtype).tiny)[:, None]


def thresholds(encoder: Encoder) -> Float[Tensor, " features"]:
    """The values that each feature must exceed, of any activation function but topk.

    Never negative: a feature is positive in any case, and some tools let negative values pass a
    negative threshold.
    """
    threshold = encoder.activation.threshold
    if threshold is None:
        return torch.zeros_like(encoder.bias)
    return threshold.float().clamp(min=0).expand(len(encoder.bias)).clone()


def kept(encoder: Encoder) -> int:
    """How many features a topk encoder keeps; no more than there are, as other tools need it."""
    assert encoder.activation.k is not None
    return min(encoder.activation.k, len(encoder.bias))
