"""Heads as maps from stream to stream, with norms at their average over some texts.

Norm weights are folded into the weights, as in the frozen model; denominators differ by position,
and stand here at their mean. Rotary embeddings are left out, which is exact for a query and a key
at the same position.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.model.frozen import FrozenLayer, FrozenModel, freeze, sites_to_freeze, wide
from microtome.model.norm import FrozenNorm
from microtome.model.queries_keys import FrozenSide, freeze_queries_keys

RANDOM_PROMPTS, RANDOM_LENGTH = 8, 24
"""Prompts of random tokens, where no others are given."""
AVERAGED = 64
"""Prompts over which norms are averaged, at most."""


@dataclass(frozen=True)
class LayerHeads:
    """Heads of one layer."""

    query: Float[Tensor, "heads d d_head"]
    """With the scaling of scores."""
    key: Float[Tensor, "heads d d_head"]
    value: Float[Tensor, "heads d d_head"]
    output: Float[Tensor, "heads d_head d"]


@dataclass(frozen=True)
class AverageModel:
    """A frozen model whose norms stand at their average over texts and positions."""

    model: LanguageModel
    frozen: FrozenModel
    """Its norms have one position."""
    scales: tuple[tuple[Float[Tensor, " heads"], Float[Tensor, " kv_heads"]], ...]
    """By layer, factors of the norms of queries and keys; ones where there are none."""

    def heads(self, layer: int) -> LayerHeads:
        """The heads of a layer; a key-value head is repeated for each head that shares it.

        Raises:
            MicrotomeError: no such layer.
        """
        model, row = self.model, self.model.adapter
        if not 0 <= layer < model.n_layers:
            raise MicrotomeError(f"layer {layer}: {model.name} has {model.n_layers} layers")
        attn = model.part(layer, row.attn)
        assert attn is not None
        parts, group = self.frozen.layers[layer], model.n_heads // model.n_kv_heads
        query_scale, key_scale = self.scales[layer]
        sides = []
        for reader, name, scale in (
            (row.queries, row.query_norm, query_scale),
            (row.keys, row.key_norm, key_scale),
        ):
            weight = wide(reader(attn, len(scale) * model.d_head).weight.detach())
            if name is not None:
                gain = wide(attn.get_submodule(name).weight.detach())  # pyright: ignore
                gain = gain + 1 if row.unit_offset else gain
                weight = weight * gain.repeat(weight.shape[1] // len(gain))
            folded = parts.attn_norm.fold_input(weight.T).T * parts.attn_norm.scale[0]
            split = folded.unflatten(-1, (len(scale), -1)).transpose(0, 1)
            sides.append(split * scale[:, None, None])
        scaling = float(attn.scaling)  # pyright: ignore[reportArgumentType]
        attention = parts.attention
        value = attention.values.transpose(0, 1) * parts.attn_norm.scale[0]
        return LayerHeads(
            sides[0] * scaling,
            sides[1].repeat_interleave(group, 0),
            value.repeat_interleave(group, 0),
            attention.output * parts.attn_post_norm.scale[0],
        )


@torch.no_grad()
def average_model(
    model: LanguageModel, prompts: Sequence[Int[Tensor, "_batch _position"]] = ()
) -> AverageModel:
    """Average a model's norm denominators over texts, without their first positions.

    Args:
        model: any model with an adapter row.
        prompts: token ids, in batches of one length; by default random tokens, the same every
            time. At most 64, evenly spread, are used.

    Raises:
        MicrotomeError: activations are not finite, or tokens that the model cannot read.
    """
    runs, scales = [], []
    every = [row[None] for batch in prompts or random_prompts(model) for row in batch]
    for tokens in every[:: -(-len(every) // AVERAGED)]:
        frozen = freeze(model, model.run(tokens, sites_to_freeze(model)))
        runs.append(frozen)
        scales.append([_side_scales(model, frozen, tokens, i) for i in range(model.n_layers)])
    layers = [_average_layer([run.layers[i] for run in runs]) for i in range(model.n_layers)]
    final = _average([run.final_norm for run in runs])
    means = [
        tuple(torch.stack([s[i][side] for s in scales]).mean(0) for side in (0, 1))
        for i in range(model.n_layers)
    ]
    frozen = replace(runs[0], layers=tuple(layers), final_norm=final)
    return AverageModel(model, frozen, tuple((q, k) for q, k in means))


def random_prompts(model: LanguageModel) -> list[Int[Tensor, "batch position"]]:
    """Random tokens of the vocabulary behind the first token that the tokenizer puts."""
    generator = torch.Generator().manual_seed(0)
    length = min(RANDOM_LENGTH, model.max_positions)
    made = torch.randint(0, model.d_vocab, (RANDOM_PROMPTS, length), generator=generator)
    first = model.hf.config.bos_token_id
    if first is not None:
        made[:, 0] = int(first)
    return [made.to(model.device)]


def _side_scales(
    model: LanguageModel, frozen: FrozenModel, tokens: Tensor, layer: int
) -> tuple[Tensor, Tensor]:
    row, like = model.adapter, frozen.tokens
    if row.query_norm is None and row.key_norm is None:
        return like.new_ones(model.n_heads), like.new_ones(model.n_kv_heads)
    found = freeze_queries_keys(model, frozen, tokens, layer)

    def mean(side: FrozenSide) -> Tensor:
        return side.scale[1:].mean(0) if len(side.scale) > 1 else side.scale[0]

    return mean(found.queries), mean(found.keys)


def _average_layer(layers: list[FrozenLayer]) -> FrozenLayer:
    return FrozenLayer(
        layers[0].attention,
        _average([layer.attn_norm for layer in layers]),
        _average([layer.attn_post_norm for layer in layers]),
        _average([layer.mlp_norm for layer in layers]),
    )


def _average(norms: list[FrozenNorm]) -> FrozenNorm:
    scale = torch.cat([n.scale[1:] if len(n.scale) > 1 else n.scale for n in norms])
    scale = scale.mean(0, keepdim=True)
    return replace(norms[0], scale=scale, constant=torch.zeros_like(norms[0].constant[:1]))
