"""What the manifest of an atlas says of it."""

import numpy as np

from microtome.atlas.collect import Collected, first_ids
from microtome.atlas.options import BuildOptions
from microtome.atlas.schema import AtlasContent, EncoderContent
from microtome.atlas.statistics import position_edges
from microtome.data.harvest import OTHER
from microtome.dictionary import Dictionary
from microtome.model import LanguageModel, Site

_FEW_TOKENS = 100_000


def describe(
    model: LanguageModel,
    dictionary: Dictionary,
    collected: Collected,
    documents: int,
    longest: int,
    options: BuildOptions,
) -> AtlasContent:
    """The content of an atlas, from what was collected."""
    return AtlasContent(
        model=model.name,
        dictionary=dictionary.name,
        dictionary_kind=dictionary.kind,
        encoders=encoder_contents(dictionary),
        tokens=collected.tokens,
        documents=documents,
        context=longest,
        window=(options.before, options.after),
        bands=options.bands,
        position_edges=position_edges(longest),
        warnings=warnings_of(collected),
    )


def encoder_contents(dictionary: Dictionary) -> list[EncoderContent]:
    """The encoders of a dictionary, and which ids their features have."""
    return [
        EncoderContent(
            reads=[dictionary.reads[i] for i in sources],
            layer=_layer(dictionary.reads[sources[0]]),
            features=n,
            first_id=first,
        )
        for sources, n, first in zip(
            dictionary.sources, dictionary.n_features, first_ids(dictionary), strict=True
        )
    ]


def _layer(name: str) -> int:
    layer = Site.parse(name.removeprefix(OTHER)).layer
    return -1 if layer is None else layer


def warnings_of(collected: Collected) -> list[str]:
    """What a reader should know before trusting the figures."""
    found = []
    if collected.tokens < _FEW_TOKENS:
        found.append(
            f"made of {collected.tokens:,} tokens, which is few: rare features have few examples"
        )
    dead = int((collected.candidates.totals.active == 0).sum())
    if dead:
        found.append(f"{dead:,} of {collected.n_features:,} features were never active")
    return found


def vocabulary_strings(model: LanguageModel) -> list[str]:
    """Every token of the vocabulary as a reader would see it; numbers where there is no text."""
    known = len(model.tokenizer) if model.tokenizer is not None else 0
    return [
        model.token_string(token) if token < known else f"<{token}>"
        for token in range(model.d_vocab)
    ]


def densities(collected: Collected) -> np.ndarray:
    """Share of the tokens that count on which each feature was active."""
    return collected.candidates.totals.active / max(collected.tokens, 1)
