"""How much two features are active together, from a corpus or from an atlas: what tells weights
that are used from interference."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.atlas import Atlas
from microtome.atlas.encode import encode_all
from microtome.atlas.page import FeaturePage
from microtome.data import TokenPolicy
from microtome.data.block import Block, parts
from microtome.dictionary import Codes, Dictionary
from microtome.errors import MicrotomeError
from microtome.intervention.changes import check_feature
from microtome.model import LanguageModel, Site

TOKENS_AT_ONCE = 8192


@dataclass(frozen=True)
class Use:
    """Expected activations of sources, weighted by how active their target is.

    By encoder, for every feature; NaN where it is not known. Weights of edges are multiplied by
    `direct` and `heads`; `together` is for the reader.
    """

    direct: tuple[Float[Tensor, " features"], ...]
    """E[a_source a_target] / E[a_target] at one position."""
    heads: tuple[Float[Tensor, " features"], ...]
    """The same with the source's mean over the positions up to the target's."""
    together: tuple[Float[Tensor, " features"], ...]
    """Share of the target's active tokens on which the source is active too."""


@dataclass(frozen=True)
class CoActivation:
    """How active one feature is with every other, as a source of others and as their target."""

    as_target: Use
    as_source: Use
    mean: float
    """Of its own activation where it is active."""
    tokens: int
    """That count."""
    source: str
    """`corpus` or `atlas`."""


@dataclass
class _Sums:
    """Over positions that count, for all features of one encoder."""

    total: Tensor
    """Of activations."""
    same: Tensor
    """Of activations times the feature's at the same position."""
    earlier: Tensor
    """Of the other's mean up to a position times the feature's there."""
    later: Tensor
    """Of activations times the feature's mean up to there."""
    active: Tensor
    both: Tensor

    @staticmethod
    def zeros(features: int) -> "_Sums":
        return _Sums(*torch.zeros(6, features, dtype=torch.float64))

    def add(self, codes: Codes, weights: Float[Tensor, "weights rows"]) -> None:
        """Weights by row: counts, own activation, what earlier ones get, own mean, own activity."""
        rows, at, values = codes.rows(), codes.features, codes.values.double()
        counts, own, earlier, later, active = (weight[rows] for weight in weights)
        for total, weighted in (
            (self.total, values * counts),
            (self.same, values * own),
            (self.earlier, values * earlier),
            (self.later, values * later),
            (self.active, counts),
            (self.both, active),
        ):
            total.index_add_(0, at, weighted)


@torch.no_grad()
def corpus_coactivation(
    model: LanguageModel,
    dictionary: Dictionary,
    blocks: Iterable[Block | Int[Tensor, "_ _"]],
    encoder: int,
    feature: int,
    progress: Callable[[int], object] | None = None,
) -> CoActivation:
    """Activations of one feature with all others over a corpus.

    Memory is a few numbers a feature, whatever the corpus.

    Args:
        model: the model.
        dictionary: of its sites.
        blocks: tokens of the corpus.
        encoder: of the feature.
        feature: number of it.
        progress: called with the tokens read.

    Raises:
        MicrotomeError: no such feature, it is never active, or activations are not finite.
    """
    check_feature(dictionary, encoder, feature)
    moved = dictionary.to(model.device, torch.promote_types(model.dtype, torch.float32))
    like, policy = moved.biases[0], TokenPolicy.of(dictionary)
    sums = [_Sums.zeros(n) for n in dictionary.n_features]
    own, tokens = torch.zeros(2, dtype=torch.float64), 0
    for block in parts(blocks, TOKENS_AT_ONCE):
        run = model.capture(block.tokens, dictionary.reads)
        inputs = {s: run[Site.parse(s)].flatten(0, 1).to(like) for s in dictionary.reads}
        codes = encode_all(moved, inputs)
        counts = policy.counts(model, block.tokens).cpu().double()
        weights = _row_weights(codes[encoder], feature, counts)
        own += weights[[1, 4]].sum(1)
        for total, code in zip(sums, codes, strict=True):
            total.add(code, weights)
        tokens += int(counts.sum())
        if progress is not None:
            progress(tokens)
    if not own[1]:
        raise MicrotomeError(
            f"feature L{encoder}/{feature} is never active on {tokens:,} tokens of the corpus, so "
            f"nothing can be said of what it is active with; give more text"
        )
    return CoActivation(
        as_target=Use(
            tuple(s.same / own[0] for s in sums),
            tuple(s.earlier / own[0] for s in sums),
            tuple(s.both / own[1] for s in sums),
        ),
        as_source=Use(
            tuple(_ratio(s.same, s.total) for s in sums),
            tuple(_ratio(s.later, s.total) for s in sums),
            tuple(_ratio(s.both, s.active) for s in sums),
        ),
        mean=float(own[0] / own[1]),
        tokens=tokens,
        source="corpus",
    )


def _ratio(a: Tensor, b: Tensor) -> Tensor:
    return torch.where(b > 0, a / b.clamp(min=1e-300), 0.0)


def _row_weights(
    codes: Codes, feature: int, counts: Float[Tensor, "batch position"]
) -> Float[Tensor, "5 rows"]:
    """What a row's activations are multiplied with in each of the sums."""
    mine = codes.features == feature
    a = torch.zeros(codes.n_rows, dtype=torch.float64)
    a[codes.rows()[mine]] = codes.values[mine].double()
    a = a.view_as(counts) * counts
    seen = counts.cumsum(1).clamp(min=1)
    later = a.cumsum(1) / seen * counts
    share = a / seen
    earlier = share.flip(1).cumsum(1).flip(1) * counts
    return torch.stack([counts, a, earlier, later, (a > 0).double()]).flatten(1)


def atlas_coactivation(atlas: Atlas, encoder: int, feature: int) -> CoActivation:
    """The same from an atlas, which knows it of a feature's nearest neighbours only, and of one
    position: of other features nothing is known, nor of what heads carry.

    The mean of squares, which turns cosines into means of products, is taken from histograms.
    """
    page = atlas.page(encoder, feature)
    if not page.count:
        raise MicrotomeError(f"feature {page.name} is never active in the atlas")
    counts = [e.features for e in atlas.content.encoders]
    uses = [Use(*(tuple(_unknown(n) for n in counts) for _ in range(3))) for _ in range(2)]
    for near in page.coactive_neighbours:
        other = atlas.page(near.encoder, near.feature)
        cosine = near.score or 0.0
        product = cosine * (_square(page) * _square(other)) ** 0.5
        for use, target in zip(uses, (page, other), strict=True):
            use.direct[near.encoder][near.feature] = product / (target.mean * target.density)
    return CoActivation(uses[0], uses[1], page.mean, atlas.content.tokens, "atlas")


def _unknown(n: int) -> Float[Tensor, " n"]:
    return torch.full((n,), torch.nan, dtype=torch.float64)


def _square(page: FeaturePage) -> float:
    """E[a^2] over all tokens, each activation at its bin's geometric middle."""
    edges = np.asarray(page.histogram.edges, np.float64)
    counts = np.asarray(page.histogram.counts, np.float64)
    middle = edges[:-1] * edges[1:]
    return float((counts * middle).sum() / counts.sum() * page.density) if len(counts) else 0.0
