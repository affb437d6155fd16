"""Running the exact transformer in float64: the reference for what the real model holds."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.specimen.compiled.weights import Head, Layer, Weights


def run_exact(
    weights: Weights, tokens: Int[Tensor, "n position"]
) -> tuple[dict[str, Float[Tensor, "n position stream"]], Float[Tensor, "n position vocabulary"]]:
    """The stream at every site, before any rotation, and the logits."""
    x = weights.tokens[tokens] + weights.positions[: tokens.shape[1]]
    sites = {"embed": x}
    for i, layer in enumerate(weights.layers):
        x = x + attention(layer, x)
        sites[f"blocks.{i}.resid.mid"] = x
        x = x + mlp(layer, x)
        sites[f"blocks.{i}.resid.post"] = x
    return sites, x @ weights.unembed


def attention(layer: Layer, x: Float[Tensor, "n position stream"]) -> Tensor:
    """What the heads of a layer write."""
    return sum((_head(head, x) for head in layer.heads), torch.zeros_like(x))


def _head(head: Head, x: Float[Tensor, "n position stream"]) -> Tensor:
    scores = (x @ head.query) @ (x @ head.key).transpose(-1, -2)
    later = torch.ones_like(scores, dtype=torch.bool).triu(1)
    pattern = scores.masked_fill(later, -torch.inf).softmax(-1)
    return pattern @ (x @ head.value) @ head.output


def mlp(layer: Layer, x: Float[Tensor, "n position stream"]) -> Tensor:
    """What the MLP of a layer writes."""
    neurons = layer.mlp
    return torch.relu(x @ neurons.reads + neurons.bias) @ neurons.writes + neurons.constant
