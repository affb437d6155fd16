"""Heads and tokens: copy suppression per token, and likeness of tokens through features."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.circuit.head_features import copy_suppression
from microtome.circuit.head_maps import AverageModel, LayerHeads
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Site

AT_MOST = 2000
"""Tokens looked at, evenly spread over the vocabulary, unless others are named."""
_BATCH = 256


@dataclass(frozen=True)
class TokenDirections:
    """Tokens as a head of one layer meets them."""

    tokens: Int[Tensor, " n"]
    predicted: Float[Tensor, "n d"]
    """Direction of the stream that raises the token's logit over the mean of logits."""
    embedded: Float[Tensor, "n d"]
    """Raw embeddings, as they enter the stream, without position embeddings."""
    through_features: Float[Tensor, "n d"] | None
    """What the features that are active on the token alone write before the layer; None where
    no feature writes there."""

    def similarity(self) -> tuple[Float[Tensor, "n n"], Float[Tensor, "n n"] | None]:
        """Cosines between tokens: of raw embeddings, and through features."""
        features = self.through_features
        return _cosines(self.embedded), None if features is None else _cosines(features)


def _cosines(x: Float[Tensor, "n d"]) -> Float[Tensor, "n n"]:
    unit = x / x.norm(dim=-1, keepdim=True).clamp(min=1e-30)
    return unit @ unit.T


@torch.no_grad()
def token_directions(
    average: AverageModel,
    dictionary: Dictionary,
    layer: int,
    tokens: Int[Tensor, " n"] | None = None,
) -> TokenDirections:
    """Tokens as predictions, embeddings, and sums of features before a layer.

    A token alone stands behind the model's first token, where it has one.

    Raises:
        MicrotomeError: a token outside the vocabulary.
    """
    model = average.model
    if tokens is None:
        n = min(AT_MOST, model.d_vocab)
        tokens = torch.linspace(0, model.d_vocab - 1, n).long()
    if not len(tokens) or int(tokens.min()) < 0 or int(tokens.max()) >= model.d_vocab:
        raise MicrotomeError(f"a token is not in the vocabulary of {model.name} ({model.d_vocab})")
    tokens = tokens.to(model.device)
    unembed, norm = average.frozen.unembed, average.frozen.final_norm
    predicted = norm.fold_input((unembed[:, tokens] - unembed.mean(-1, keepdim=True)).T)
    sites = [Site.parse(name) for name in dictionary.writes]
    before = [i for i, s in enumerate(sites) if s.kind == "mlp.out" and (s.layer or 0) < layer]
    parts = [_alone(model, dictionary, part, before) for part in tokens.split(_BATCH)]
    embedded = torch.cat([part[0] for part in parts]).to(predicted)
    features = torch.cat([part[1] for part in parts]).to(predicted) if before else None
    return TokenDirections(tokens, predicted, embedded, features)


def _alone(
    model: LanguageModel, dictionary: Dictionary, tokens: Int[Tensor, " n"], before: list[int]
) -> tuple[Tensor, Tensor]:
    """Embeddings of tokens, and what their features write at some sites."""
    prompts = tokens[:, None]
    first = model.hf.config.bos_token_id
    if first is not None:
        prompts = torch.cat([torch.full_like(prompts, int(first)), prompts], 1)
    run = model.capture(prompts, ["embed", *dictionary.reads])
    embedded = run[Site("embed")][:, -1]
    if model.adapter.position_embed:
        table = model.hf.get_submodule(model.adapter.position_embed).weight
        assert isinstance(table, Tensor)
        embedded = embedded - table[prompts.shape[1] - 1]
    if not before:
        return embedded, embedded
    dictionary = dictionary.to(model.device, torch.promote_types(model.dtype, torch.float32))
    like = dictionary.biases[0]
    inputs = [run[Site.parse(name)][:, -1].to(like) for name in dictionary.reads]
    codes = dictionary.encode(inputs)
    return embedded, torch.stack([dictionary.decode(codes, i) for i in before]).sum(0)


@dataclass(frozen=True)
class TokenSuppression:
    """Copy suppression of one head, per token."""

    raw: Float[Tensor, " n"]
    """With the token's embedding at the key."""
    through_features: Float[Tensor, " n"] | None
    """With what its features write at the key."""


def token_suppression(maps: LayerHeads, head: int, tokens: TokenDirections) -> TokenSuppression:
    """How far a head looks from a token's prediction back to the token and takes it away.

    In standard deviations over other tokens; see `copy_suppression`.
    """
    query = tokens.predicted @ maps.query[head]

    def score(at_key: Tensor) -> Tensor:
        moved = (at_key @ maps.value[head]) @ maps.output[head]
        return copy_suppression(query, at_key @ maps.key[head], moved, tokens.predicted)

    features = tokens.through_features
    return TokenSuppression(score(tokens.embedded), None if features is None else score(features))
