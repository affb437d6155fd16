"""Paths between any two layers, at average norms and with attention that looks everywhere alike.

A direction is carried by the residual stream and linear skips (direct), or by these and exactly
one head. What a head carries counts as if it spread its attention evenly over the positions up to
the query; only the part of its attention that goes to positions with features counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.circuit.head_maps import (
    AVERAGED,
    AverageModel,
    LayerHeads,
    average_model,
    random_prompts,
)
from microtome.circuit.replacement import check_fits
from microtome.dictionary import Dictionary
from microtome.intervention.changes import check_feature
from microtome.model import LanguageModel, Site
from microtome.model.norm import FrozenNorm


@dataclass(frozen=True)
class AveragePaths:
    """A model and a dictionary of its MLPs, ready to carry directions."""

    average: AverageModel
    dictionary: Dictionary
    """On the model's device."""
    reads: tuple[FrozenNorm, ...]
    """By layer, how the dictionary's input follows from the stream."""
    heads: tuple[LayerHeads, ...]
    attention: Float[Tensor, "layer heads"]
    """Share of its attention that each head gives to positions with features, mean over
    queries."""

    @property
    def model(self) -> LanguageModel:
        return self.average.model


@dataclass(frozen=True)
class Pulled:
    """Gradients of one target, by layer."""

    direct: Float[Tensor, "layer d"]
    """With respect to what is written beside the MLP, by no head."""
    through_heads: Float[Tensor, "layer d"]
    """The same, by exactly one head."""
    attended: Float[Tensor, "layer d"]
    """With respect to what attention adds, by no head."""


@dataclass(frozen=True)
class Pushed:
    """What one feature with activation 1 puts in places, by layer."""

    entering: Float[Tensor, "layer d"]
    """In the stream that enters a layer, by no head."""
    read: Float[Tensor, "layer d"]
    """In the dictionary's input, by no head."""
    read_through_heads: Float[Tensor, "layer d"]
    """The same, by exactly one head."""
    final: Float[Tensor, " d"]
    """In the unembedding's input, by no head."""
    final_through_heads: Float[Tensor, " d"]


@torch.no_grad()
def average_paths(
    model: LanguageModel,
    dictionary: Dictionary,
    prompts: Sequence[Int[Tensor, "_batch _position"]] = (),
) -> AveragePaths:
    """Average norms and attention over texts.

    Args:
        model: any model with an adapter row.
        dictionary: a PLT or CLT that reads and writes the MLPs of all its layers.
        prompts: token ids, in batches of one length; by default random tokens, the same every
            time. At most 64, evenly spread, are used.

    Raises:
        MicrotomeError: the dictionary does not fit the model, or activations are not finite.
    """
    check_fits(model, dictionary)
    dictionary.check_finite()
    prompts = prompts or random_prompts(model)
    average = average_model(model, prompts)
    like = average.frozen.tokens
    return AveragePaths(
        average=average,
        dictionary=dictionary.to(like.device, like.dtype),
        reads=tuple(average.frozen.read(Site.parse(name)) for name in dictionary.reads),
        heads=tuple(average.heads(layer) for layer in range(model.n_layers)),
        attention=_attention(model, prompts, dictionary.skip_first).to(like),
    )


def _attention(
    model: LanguageModel, prompts: Sequence[Int[Tensor, "_batch _position"]], skip_first: bool
) -> Float[Tensor, "layer heads"]:
    sites = [Site("attn.pattern", layer) for layer in range(model.n_layers)]
    every = [row[None] for batch in prompts for row in batch]
    total, queries = torch.zeros(model.n_layers, model.n_heads, dtype=torch.float64), 0
    for tokens in every[:: -(-len(every) // AVERAGED)]:
        run = model.run(tokens, sites)
        patterns = torch.stack([run[site][0] for site in sites]).double().cpu()
        if skip_first:
            patterns = patterns[:, :, 1:, 1:]
        total += patterns.sum((2, 3))
        queries += patterns.shape[2]
    return total / max(queries, 1)


def pull(paths: AveragePaths, depth: int, vector: Float[Tensor, " d"]) -> Pulled:
    """Pull a direction on the stream down to what every layer writes.

    Args:
        paths: of the model.
        depth: 2l reads the stream that enters block l (2L: the last output); 2l + 1 reads it
            between attention and MLP of block l.
        vector: the direction.
    """
    n, parallel = paths.model.n_layers, paths.model.parallel
    g, once = torch.zeros_like(vector), torch.zeros_like(vector)
    direct, through, attended = [], [], []
    for layer in reversed(range(n)):
        if depth == 2 * layer + 2:
            g = g + vector
        direct.append(g)
        through.append(once)
        skipped, skipped_once = _pull_skip(paths, layer, g), _pull_skip(paths, layer, once)
        if not parallel:
            g = g + skipped + (vector if depth == 2 * layer + 1 else 0)
        attended.append(g)
        once = once + skipped_once + _pull_heads(paths, layer, g)
        if parallel:
            g = g + skipped
    return Pulled(*(torch.stack(part[::-1]) for part in (direct, through, attended)))


def pull_feature(paths: AveragePaths, encoder: int, feature: int) -> Pulled:
    """Pull a feature's encoder row, through the average norm that it reads.

    Raises:
        MicrotomeError: no such feature.
    """
    check_feature(paths.dictionary, encoder, feature)
    norm = paths.reads[encoder]
    row = paths.dictionary.encoders[encoder].weight[feature].detach()
    depth = 2 * encoder + (0 if paths.model.parallel else 1)
    return pull(paths, depth, norm.fold_input(row) * norm.scale[0])


def push_feature(paths: AveragePaths, encoder: int, feature: int) -> Pushed:
    """Push what a feature writes up to everything that reads it.

    Raises:
        MicrotomeError: no such feature.
    """
    check_feature(paths.dictionary, encoder, feature)
    decoder, parallel = paths.dictionary.decoders[encoder], paths.model.parallel
    like = paths.average.frozen.tokens
    at = torch.tensor([feature], device=like.device)
    x, once = torch.zeros_like(like[0]), torch.zeros_like(like[0])
    entering, read, read_once = [], [], []
    for layer in range(paths.model.n_layers):
        entering.append(x)
        carried = once + _push_heads(paths, layer, x)
        seen, seen_once = (
            _linear(paths.reads[layer], x),
            _linear(paths.reads[layer], once if parallel else carried),
        )
        read.append(seen)
        read_once.append(seen_once)
        skip = paths.dictionary.skips[layer]
        once = carried if skip is None else carried + seen_once @ skip
        x = x if skip is None else x + seen @ skip
        if layer in decoder.targets:
            x = x + decoder.rows(at, layer, like)[0]
    norm = paths.average.frozen.final_norm
    return Pushed(
        torch.stack(entering), torch.stack(read), torch.stack(read_once),
        _linear(norm, x), _linear(norm, once),
    )  # fmt: skip


def by_head(paths: AveragePaths, source: Pushed, target: Pulled) -> Float[Tensor, "layer heads"]:
    """What each head carries from a source to a target."""
    rows = []
    for layer, maps in enumerate(paths.heads):
        values = torch.einsum("d,hdv->hv", source.entering[layer], maps.value)
        wanted = torch.einsum("hvd,d->hv", maps.output, target.attended[layer])
        rows.append((values * wanted).sum(-1) * paths.attention[layer])
    return torch.stack(rows)


def _linear(norm: FrozenNorm, x: Float[Tensor, " d"]) -> Float[Tensor, " d"]:
    return norm.fold_output(x) * norm.scale[0]


def _pull_skip(paths: AveragePaths, layer: int, g: Tensor) -> Float[Tensor, " d"]:
    skip = paths.dictionary.skips[layer]
    if skip is None:
        return torch.zeros_like(g)
    norm = paths.reads[layer]
    return norm.fold_input(g @ skip.T) * norm.scale[0]


def _pull_heads(paths: AveragePaths, layer: int, g: Tensor) -> Float[Tensor, " d"]:
    maps = paths.heads[layer]
    wanted = (maps.output @ g) * paths.attention[layer][:, None]
    return torch.einsum("hdv,hv->d", maps.value, wanted)


def _push_heads(paths: AveragePaths, layer: int, x: Tensor) -> Float[Tensor, " d"]:
    maps = paths.heads[layer]
    values = torch.einsum("d,hdv->hv", x, maps.value) * paths.attention[layer][:, None]
    return torch.einsum("hv,hvd->d", values, maps.output)
