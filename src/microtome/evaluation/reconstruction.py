"""How well activations are reconstructed: per-token quantities and the figures made of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.evaluation.bootstrap import Statistic, ratio

RECONSTRUCTION: dict[str, Statistic] = {
    "l0": ratio("active", "tokens"),
    "l1": ratio("activation", "tokens"),
    "fvu": ratio("error", "variance"),
    "explained_variance": lambda sums: 1 - sums["error"] / sums["variance"],
    "mse": ratio("error", "tokens"),
    "cosine": ratio("cosine", "tokens"),
    "l2_norm_in": ratio("norm_in", "tokens"),
    "l2_norm_out": ratio("norm_out", "tokens"),
    "l2_ratio": ratio("norm_ratio", "tokens"),
    "relative_bias": ratio("square_out", "dot"),
}
"""Figures of one written site, from sums over tokens.

- `l0`: active features that write to the site, per token; `l1` the sum of their activations.
- `fvu`: fraction of variance unexplained, sum ||x - xhat||^2 / sum ||x - mean(x)||^2, the mean
  over the same tokens; `explained_variance` is 1 - fvu.
- `mse`: squared error per token, summed over dimensions, so no batch size enters.
- `cosine`: mean cosine of x and xhat; `l2_ratio`: mean of ||xhat|| / ||x||.
- `relative_bias`: E||xhat||^2 / E[x . xhat]; below 1 means shrinkage (Rajamanoharan et al. 2024,
  "Improving Dictionary Learning with Gated Sparse Autoencoders").
"""


def exact(x: Tensor) -> Tensor:
    """The tensor in float64 (on the CPU where the device has none)."""
    return (x.cpu() if x.device.type == "mps" else x).double()


def reconstruction_columns(
    x: Float[Tensor, "tokens d"],
    reconstructed: Float[Tensor, "tokens d"],
    mean: Float[Tensor, " d"],
    active: Tensor,
    activation: Tensor,
) -> dict[str, Float[Tensor, " tokens"]]:
    """What every token adds to the sums that `RECONSTRUCTION` is made of, in float64.

    Args:
        x: activations at the written site.
        reconstructed: what the dictionary puts there.
        mean: of x over all tokens of the evaluation.
        active: features active per token.
        activation: sum of their activations per token.
    """
    x, y, mean = exact(x), exact(reconstructed), exact(mean).to(x.device)
    norm_in, norm_out = x.norm(dim=-1), y.norm(dim=-1)
    dot = (x * y).sum(-1)
    tiny = torch.finfo(torch.float64).tiny
    return {
        "tokens": torch.ones_like(dot),
        "active": exact(active),
        "activation": exact(activation),
        "error": (x - y).square().sum(-1),
        "variance": (x - mean).square().sum(-1),
        "cosine": dot / (norm_in * norm_out).clamp(min=tiny),
        "norm_in": norm_in,
        "norm_out": norm_out,
        "norm_ratio": norm_out / norm_in.clamp(min=tiny),
        "square_out": y.square().sum(-1),
        "dot": dot,
    }


@dataclass(frozen=True)
class SiteMeans:
    """Mean activation by site: the centre of the variance, and what mean-ablation puts there."""

    tokens: int
    sums: Mapping[str, Float[Tensor, " d"]]

    def mean(self, site: str) -> Float[Tensor, " d"]:
        return self.sums[site] / max(self.tokens, 1)

    @staticmethod
    def of(activations: Mapping[str, Float[Tensor, "tokens d"]]) -> "SiteMeans":
        sums = {site: exact(x).sum(0).cpu() for site, x in activations.items()}
        return SiteMeans(len(next(iter(activations.values()))), sums)

    @staticmethod
    def merged(parts: Iterable["SiteMeans"]) -> "SiteMeans":
        parts = list(parts)
        sums = {
            site: torch.stack([part.sums[site] for part in parts]).sum(0) for site in parts[0].sums
        }
        return SiteMeans(sum(part.tokens for part in parts), sums)
