"""Heads in feature space: what a head reads, copies and suppresses, from weights and a dictionary.

See docs/concepts/attention.md for every figure's definition.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from microtome.circuit.directions import Directions
from microtome.circuit.head_maps import AverageModel, LayerHeads
from microtome.errors import MicrotomeError

RANDOM_DIRECTIONS = 4096
PAIRINGS = 200
"""Random pairings in the control of asymmetry."""
OTHERS = 1024
"""Sources that one is compared with in copy suppression."""
_BLOCK = 4 << 20


@dataclass(frozen=True)
class Asymmetry:
    """Whether what a head looks for in a feature goes with what it does to it."""

    correlation: float
    """Over features, of self-match and self-effect; below 0 it takes away what it looks for."""
    control: tuple[float, float]
    """95% of the same with the key of another feature, drawn at random."""

    @property
    def beyond_control(self) -> bool:
        low, high = self.control
        return not low <= self.correlation <= high


@dataclass(frozen=True, repr=False)
class HeadFeatures:
    """One head's maps seen in features."""

    layer: int
    head: int
    features: Directions
    query_gain: Float[Tensor, " n"]
    """Against random directions of equal norm (root mean square): 1 is like one of them."""
    key_gain: Float[Tensor, " n"]
    query_null: Bool[Tensor, " n"]
    """In the null space: read less than 99% of random directions are."""
    key_null: Bool[Tensor, " n"]
    self_match: Float[Tensor, " n"]
    """d W_Q . d W_K, scaled, over |d|^2."""
    copies: Float[Tensor, " n"]
    """d . (d W_V W_O) / |d|^2: above 0 the head writes the feature again."""
    asymmetry: Asymmetry
    copy_suppression: Float[Tensor, " n"]
    """min(z of its match with itself, -z of its effect on itself)."""
    maps: LayerHeads

    def matches(self, k: int = 10) -> list[tuple[int, int, float]]:
        """Strongest pairs of a query feature and a key feature, by d_i W_Q . d_j W_K, scaled."""
        d = self.features.vectors
        return top_pairs(d @ self.maps.query[self.head], d @ self.maps.key[self.head], k)

    def writes(self, readers: Directions, k: int = 10) -> list[tuple[int, int, float]]:
        """Strongest effects of a feature, through values and output, on a later feature's
        pre-activation, by absolute value: (feature, reader, effect)."""
        moved = readers.vectors.to(self.features.vectors) @ self.maps.output[self.head].T
        return top_pairs(self.features.vectors @ self.maps.value[self.head], moved, k)


def top_pairs(
    a: Float[Tensor, "n d_head"], b: Float[Tensor, "m d_head"], k: int
) -> list[tuple[int, int, float]]:
    """The largest |a_i . b_j|, without holding all of them."""
    if not len(a) or not len(b):
        return []
    best: list[tuple[int, int, float]] = []
    size = max(_BLOCK // len(b), 1)
    for start in range(0, len(a), size):
        block = a[start : start + size] @ b.T
        at = block.abs().flatten().topk(min(k, block.numel())).indices
        values = block.flatten()[at].tolist()
        best += [
            (start + i // len(b), i % len(b), v) for i, v in zip(at.tolist(), values, strict=True)
        ]
    return sorted(best, key=lambda pair: -abs(pair[2]))[:k]


@torch.no_grad()
def head_features(
    average: AverageModel, features: Directions, layer: int, head: int
) -> HeadFeatures:
    """A head in feature space.

    Args:
        average: the model with average norms.
        features: what enters the layer, from `directions_before`.
        layer: of the head.
        head: number of the query head.

    Raises:
        MicrotomeError: no such head, or no feature that is written before it.
    """
    maps = average.heads(layer)
    if not 0 <= head < len(maps.query):
        raise MicrotomeError(f"head {layer}.{head}: layer {layer} has {len(maps.query)} heads")
    if len(features) < 2:
        raise MicrotomeError(
            f"head {layer}.{head} has no features to read: the dictionary writes nothing into the "
            f"stream before attention of layer {layer}; choose a later layer"
        )
    d = features.vectors.to(maps.query)
    features = Directions(features.encoder, features.feature, d)
    q, k = d @ maps.query[head], d @ maps.key[head]
    moved = (d @ maps.value[head]) @ maps.output[head]
    square = d.pow(2).sum(-1)
    gains = [_gain(d, weight) for weight in (maps.query[head], maps.key[head])]
    copies = (moved * d).sum(-1) / square
    return HeadFeatures(
        layer, head, features,
        query_gain=gains[0][0], key_gain=gains[1][0],
        query_null=gains[0][0] < gains[0][1], key_null=gains[1][0] < gains[1][1],
        self_match=(q * k).sum(-1) / square, copies=copies,
        asymmetry=_asymmetry(q, k, square, copies),
        copy_suppression=copy_suppression(q, k, moved, d),
        maps=maps,
    )  # fmt: skip


def _gain(d: Tensor, weight: Float[Tensor, "d d_head"]) -> tuple[Tensor, float]:
    """Gains relative to random directions, and the gain that 99% of those exceed."""
    typical = weight.norm() / len(weight) ** 0.5
    generator = torch.Generator().manual_seed(0)
    random = torch.randn(RANDOM_DIRECTIONS, len(weight), generator=generator).to(weight)

    def gain(x: Tensor) -> Tensor:
        return (x @ weight).norm(dim=-1) / x.norm(dim=-1) / typical

    return gain(d), float(gain(random).quantile(0.01))


def _asymmetry(q: Tensor, k: Tensor, square: Tensor, effect: Tensor) -> Asymmetry:
    generator = torch.Generator().manual_seed(0)

    def correlation(key: Tensor, norm: Tensor) -> float:
        match = (q * key).sum(-1) / (square * norm).sqrt()
        return float(torch.corrcoef(torch.stack([match, effect]))[0, 1])

    draws = []
    for _ in range(PAIRINGS):
        other = torch.randperm(len(k), generator=generator).to(k.device)
        draws.append(correlation(k[other], square[other]))
    low, high = torch.tensor(draws).quantile(torch.tensor([0.025, 0.975])).tolist()
    return Asymmetry(correlation(k, square), (low, high))


def copy_suppression(
    q: Float[Tensor, "n d_head"],
    k: Float[Tensor, "n d_head"],
    moved: Float[Tensor, "n d"],
    outputs: Float[Tensor, "n d"],
) -> Float[Tensor, " n"]:
    """Score of every source: min(z(match with itself), -z(effect on itself)).

    The z of a match compares a query with its own key and with other keys; that of an effect
    compares what a source does to its own direction and to others, of unit norm. Others are at
    most 1,024 sources, evenly spread. Both high means: the head looks from what predicts the
    source back to it, and takes it away (McDougall et al. 2023, "Copy Suppression").

    Args:
        q: queries of the sources as they are predicted.
        k: keys of the sources.
        moved: what the head writes when it looks at each source.
        outputs: direction of each source where it is predicted.
    """
    outputs = outputs / outputs.norm(dim=-1, keepdim=True).clamp(min=1e-30)
    others = torch.linspace(0, len(q) - 1, min(OTHERS, len(q)), device=q.device).long()
    match = _z((q * k).sum(-1), q @ k[others].T)
    effect = _z((moved * outputs).sum(-1), moved @ outputs[others].T)
    return torch.minimum(match, -effect)


def _z(own: Float[Tensor, " n"], others: Float[Tensor, "n m"]) -> Float[Tensor, " n"]:
    return (own - others.mean(1)) / others.std(1).clamp(min=1e-30)
