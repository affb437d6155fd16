"""Input and output scales: training sees activations of mean 0 and mean square 1."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Scale:
    """x = mean + size * standardised x; one mean per dimension, one size per site."""

    mean: Float[Tensor, " d"]
    size: Float[Tensor, ""]

    def apply(self, x: Float[Tensor, "token d"]) -> Float[Tensor, "token d"]:
        return (x - self.mean) / self.size

    def to(self, device: torch.device) -> "Scale":
        return Scale(self.mean.to(device), self.size.to(device))


def measure_scale(x: Float[Tensor, "token d"]) -> Scale:
    """Mean per dimension, and root mean square of what is left."""
    mean = x.mean(0, dtype=torch.float64).to(x.dtype)
    size = (x - mean).pow(2).mean(dtype=torch.float64).sqrt().to(x.dtype)
    return Scale(mean, size.clamp(min=1e-8))
