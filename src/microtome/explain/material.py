"""What is known of a feature, divided: what the explainer sees, and what it is scored on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np

from microtome.atlas.page import Band, Example, FeaturePage
from microtome.explain.options import ExplainOptions

_AROUND = 4
"""Tokens on each side of a peak by which two examples count as the same text."""


@dataclass(frozen=True)
class Material:
    """Examples of one feature, none in two parts, and windows in which it was not active."""

    encoder: int
    feature: int
    shown: tuple[Example, ...]
    """To the explainer."""
    held_out: tuple[Example, ...]
    """For scoring."""
    absent: tuple[tuple[str, ...], ...]
    """Tokens of random windows without the feature: as many as there are held-out examples where
    there are so many, and of the same lengths, so that length gives nothing away."""


def divide(
    page: FeaturePage, absent: Sequence[tuple[str, ...]], options: ExplainOptions
) -> Material:
    """Divide a feature's examples at random, every band in halves.

    Args:
        page: of the feature.
        absent: tokens of random windows in which it was not active.
        options: how many to use.
    """
    rng = generator(options.seed, page.encoder, page.feature)
    halves = [_halves(band, rng) for band in _without_repeats(page.bands)]
    shown = _in_turns([half for half, _ in halves])[: options.shown]
    held_out = _in_turns([half for _, half in halves])[: options.scored]
    chosen = rng.permutation(len(absent)).tolist()
    return Material(
        page.encoder,
        page.feature,
        tuple(shown),
        tuple(held_out),
        tuple(absent[i][: len(e.tokens)] for i, e in zip(chosen, held_out, strict=False)),
    )


def generator(*numbers: int) -> np.random.Generator:
    """Random numbers that depend on nothing else: not on which other features are explained."""
    return np.random.default_rng([*numbers])


def _without_repeats(bands: Iterable[Band]) -> list[list[Example]]:
    """Examples by band, none of the same text as another: it would be shown and held out."""
    seen: dict[int, list[range]] = {}
    texts: set[tuple[str, ...]] = set()
    kept: list[list[Example]] = []
    for band in bands:
        kept.append([])
        for example in band.examples:
            there = range(example.position, example.position + len(example.tokens))
            text = _around_peak(example)
            others = seen.setdefault(example.document, [])
            if text in texts or any(_overlap(there, other) for other in others):
                continue
            texts.add(text)
            others.append(there)
            kept[-1].append(example)
    return kept


def _around_peak(example: Example) -> tuple[str, ...]:
    return tuple(example.tokens[max(example.peak - _AROUND, 0) : example.peak + _AROUND + 1])


def _overlap(a: range, b: range) -> bool:
    return a.start < b.stop and b.start < a.stop


def _halves(
    examples: list[Example], rng: np.random.Generator
) -> tuple[list[Example], list[Example]]:
    shuffled = [examples[i] for i in rng.permutation(len(examples)).tolist()]
    return shuffled[::2], shuffled[1::2]


def _in_turns(bands: list[list[Example]]) -> list[Example]:
    """One of each band, then the next of each: cut anywhere, all bands are there alike."""
    turns = chain.from_iterable(zip_longest(*bands))
    return [example for example in turns if example is not None]
