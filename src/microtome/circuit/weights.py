"""Global weights: what a feature is fed by and what it feeds, on any text.

Edges of a graph hold for one prompt. The virtual weight of two features is what one would give to
the other's pre-activation at activation 1, from weights alone, at average norms; most of it is
interference between features that are never active together. What is used of it is the expected
edge where the target is active (Ameisen et al. 2025, "Circuit Tracing", section on global weights:
target-weighted expected residual attribution). See docs/concepts/global-weights.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.circuit.weights_paths import (
    AveragePaths,
    Pulled,
    Pushed,
    by_head,
    pull_feature,
    push_feature,
)
from microtome.circuit.weights_use import CoActivation, Use

LISTED = 10
CHUNK_BYTES = 64 << 20
"""Of decoder vectors held at once."""
INTERFERENCE_OF = 50
"""Largest direct weights of which the share that is interference is reported."""
RARELY = 0.01
"""Share of a target's active tokens below which a source counts as not active with it."""


@dataclass(frozen=True)
class Virtual:
    """Virtual weights of one feature with all features of one encoder."""

    direct: Float[Tensor, " features"]
    """By the residual stream and linear skips."""
    heads: Float[Tensor, " features"]
    """By exactly one head, all heads summed."""

    @property
    def total(self) -> Float[Tensor, " features"]:
        return self.direct + self.heads


@dataclass(frozen=True)
class Link:
    """A feature's weight with one other."""

    encoder: int
    feature: int
    direct: float
    heads: float
    corrected: float | None
    """Expected edge where the target is active; None where it is not known."""
    together: float | None
    """Share of the target's active tokens on which the source is active."""
    carriers: tuple[tuple[int, int, float], ...]
    """Layer, head and weight of the heads that carry most."""

    @property
    def virtual(self) -> float:
        return self.direct + self.heads

    @property
    def name(self) -> str:
        return f"L{self.encoder}/{self.feature}"


@dataclass(frozen=True)
class GlobalWeights:
    """What one feature is fed by and what it feeds."""

    encoder: int
    feature: int
    inputs: tuple[Link, ...]
    outputs: tuple[Link, ...]
    promoted: tuple[tuple[int, float], ...]
    """Tokens and logits at activation 1, against the mean of all logits."""
    suppressed: tuple[tuple[int, float], ...]
    interference: tuple[float | None, float | None]
    """Of the 50 largest direct inputs and outputs, the share that is hardly ever active with the
    feature; None where that is not known."""
    use: CoActivation | None

    @property
    def name(self) -> str:
        return f"L{self.encoder}/{self.feature}"


@torch.no_grad()
def input_weights(
    paths: AveragePaths, encoder: int, feature: int, chunk_bytes: int = CHUNK_BYTES
) -> list[Virtual]:
    """Virtual weights of every feature of the dictionary on one target, by encoder.

    Decoders are read chunk by chunk; beside a chunk, two numbers a feature are held.

    Raises:
        MicrotomeError: no such feature.
    """
    pulled = pull_feature(paths, encoder, feature)
    return [_inputs(paths, i, pulled, chunk_bytes) for i in range(len(paths.reads))]


def _inputs(paths: AveragePaths, encoder: int, pulled: Pulled, chunk_bytes: int) -> Virtual:
    decoder, like = paths.dictionary.decoders[encoder], pulled.direct
    n = paths.dictionary.n_features[encoder]
    size = max(chunk_bytes // (like.shape[1] * like.element_size()), 1)
    out = like.new_zeros(2, n)
    for start in range(0, n, size):
        part = torch.arange(start, min(start + size, n), device=like.device)
        for target in decoder.targets:
            gradients = torch.stack([pulled.direct[target], pulled.through_heads[target]])
            if bool(gradients.any()):
                out[:, part] += gradients @ decoder.rows(part, target, like).T
    return Virtual(out[0].cpu(), out[1].cpu())


@torch.no_grad()
def output_weights(paths: AveragePaths, encoder: int, feature: int) -> list[Virtual]:
    """Virtual weights of one source on every feature of the dictionary, by encoder.

    Raises:
        MicrotomeError: no such feature.
    """
    pushed = push_feature(paths, encoder, feature)
    return [
        Virtual((e.weight @ read).cpu(), (e.weight @ once).cpu())
        for e, read, once in zip(
            paths.dictionary.encoders, pushed.read, pushed.read_through_heads, strict=True
        )
    ]


@torch.no_grad()
def global_weights(
    paths: AveragePaths,
    encoder: int,
    feature: int,
    use: CoActivation | None = None,
    listed: int = LISTED,
) -> GlobalWeights:
    """The largest inputs and outputs of one feature over the whole dictionary.

    Args:
        paths: from `average_paths`.
        encoder: of the feature.
        feature: number of it.
        use: how active it is with others; without it the largest virtual weights are listed,
            most of which are interference.
        listed: length of lists.

    Raises:
        MicrotomeError: no such feature.
    """
    inputs = input_weights(paths, encoder, feature)
    outputs = output_weights(paths, encoder, feature)
    as_target, as_source = (use.as_target, use.as_source) if use else (None, None)
    pulled, pushed = pull_feature(paths, encoder, feature), push_feature(paths, encoder, feature)
    before, after = ranked(inputs, as_target, listed), ranked(outputs, as_source, listed)
    logits = _logits(paths, pushed)
    order = logits.argsort(descending=True, stable=True)
    best, worst = order[:listed].tolist(), order.flip(0)[:listed].tolist()
    return GlobalWeights(
        encoder,
        feature,
        tuple(_link(paths, inputs, as_target, at, None, pulled) for at in before),
        tuple(_link(paths, outputs, as_source, at, pushed, None) for at in after),
        tuple((token, float(logits[token])) for token in best),
        tuple((token, float(logits[token])) for token in worst),
        (_interference(inputs, as_target), _interference(outputs, as_source)),
        use,
    )


def corrected_weights(weights: Virtual, use: Use, encoder: int) -> Float[Tensor, " features"]:
    """Expected edges where the target is active; NaN where that is not known. Where nothing is
    known of what heads carry, it is left out."""
    through = torch.nan_to_num(use.heads[encoder], 0.0) * weights.heads.double()
    return weights.direct.double() * use.direct[encoder] + through


def ranked(weights: Sequence[Virtual], use: Use | None, listed: int) -> list[tuple[int, int]]:
    """Encoder and feature of the largest weights by absolute value: corrected where `use` is
    given, and then only where they are known."""
    found = []
    for encoder, part in enumerate(weights):
        size = part.total if use is None else corrected_weights(part, use, encoder)
        size = torch.nan_to_num(size.abs(), 0.0)
        best = size.argsort(descending=True, stable=True)[:listed].tolist()
        found += [(-float(size[i]), encoder, i) for i in best if float(size[i])]
    return [(encoder, i) for _, encoder, i in sorted(found)[:listed]]


def _link(
    paths: AveragePaths,
    weights: Sequence[Virtual],
    use: Use | None,
    at: tuple[int, int],
    source: Pushed | None,
    target: Pulled | None,
) -> Link:
    encoder, feature = at
    part = weights[encoder]
    corrected = together = None
    if use is not None:
        corrected = float(corrected_weights(part, use, encoder)[feature])
        share = float(use.together[encoder][feature])
        together = None if share != share else share
    heads = by_head(paths, source or push_feature(paths, *at), target or pull_feature(paths, *at))
    order = heads.flatten().abs().argsort(descending=True, stable=True)[:3].tolist()
    width = heads.shape[1]
    carriers = tuple((i // width, i % width, float(heads.flatten()[i])) for i in order)
    return Link(
        encoder,
        feature,
        float(part.direct[feature]),
        float(part.heads[feature]),
        corrected,
        together,
        tuple(carrier for carrier in carriers if carrier[2]),
    )


def _logits(paths: AveragePaths, pushed: Pushed) -> Float[Tensor, " vocabulary"]:
    made = (pushed.final + pushed.final_through_heads) @ paths.average.frozen.unembed
    return (made - made.mean()).cpu()


def _interference(weights: Sequence[Virtual], use: Use | None) -> float | None:
    """Share of the largest direct weights whose features are hardly ever active together."""
    if use is None:
        return None
    direct = [Virtual(part.direct, torch.zeros_like(part.heads)) for part in weights]
    largest = ranked(direct, None, INTERFERENCE_OF)
    shares = torch.tensor([float(use.together[encoder][i]) for encoder, i in largest])
    if not len(shares) or bool(shares.isnan().any()):
        return None
    return float((shares < RARELY).double().mean())
