"""Labels without a language model: rules on tokens, positions and known concepts, each scored on
text that it was not made from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from microtome.atlas.concepts import Concept, text_concepts
from microtome.atlas.rules import (
    Background,
    Half,
    Prevalence,
    Rule,
    Score,
    at_least,
    backgrounds,
    propose,
    score,
)
from microtome.atlas.sample import TokenSample

GOOD, LEAST = 0.3, 0.1
"""F1 below which a label begins with `partly`, and below which there is none."""
ENOUGH = 8
"""Activations in either half of the sample, or examples of either half, to make a rule from."""
_CUTS = (0.0, 0.25, 0.5, 0.75, 0.9)
"""Quantiles of a feature's activations from which on it counts as active."""
_FINALISTS = 3
_AT_ONCE = 2_000
_MISSED_COST = 0.3
"""F1 that a threshold has to gain if all activation lay below it; less in proportion. A label is
of the feature, not of its largest activations alone."""
_KNOWN_GAIN = 0.05
"""F1 by which a rule on tokens has to be better than one that names a known concept."""


@dataclass(frozen=True)
class AutomaticLabel:
    """A rule in words, and how well it says where the feature is active."""

    text: str
    source: str
    """`automatic`, `concept`, or empty where nothing could be said."""
    f1: float
    precision: float
    recall: float
    threshold: float
    """Activation from which on the feature counts as active in these figures."""

    @staticmethod
    def none() -> "AutomaticLabel":
        nan = float("nan")
        return AutomaticLabel("", "", nan, nan, nan, nan)


@dataclass(frozen=True)
class FeatureExamples:
    """Windows of text around activations of one feature, as the atlas keeps them."""

    band: Int[np.ndarray, " n"]
    """0 for the largest activations, which are no even sample and are not scored on."""
    activation: Float[np.ndarray, " n"]
    tokens: Int[np.ndarray, "n width"]
    """Ids, -1 behind the end of a window."""
    peak: Int[np.ndarray, " n"]
    position: Int[np.ndarray, " n"]
    """Of the window's first token in its row."""


@dataclass(frozen=True)
class _Candidate:
    """A feature's activity from some threshold on: to propose a rule from, and to score it on."""

    threshold: float
    fit: tuple[Bool[np.ndarray, " n"], float]
    """Which activations of the first half reach it, and their share of all tokens."""
    held: tuple[Bool[np.ndarray, " m"], float]
    missed: float = 0.0
    """Share of the summed activation that lies below the threshold."""


class Labeller:
    """Makes labels for the features of one atlas.

    A rule is proposed on one half of the sampled rows and scored on the other. Features too rare
    for that are labelled from their examples instead: recall is that on half of the examples, and
    precision follows from it, the feature's density and how common the rule is in the sample,
    precision = recall x density / share of tokens that fit the rule.
    """

    def __init__(
        self, sample: TokenSample, strings: Sequence[str], concepts: Sequence[Concept] = ()
    ):
        """
        Args:
            sample: rows of the corpus with all activations on them.
            strings: of every token of the vocabulary.
            concepts: known ones, beside those of any text.
        """
        self.sample = sample
        of_text = text_concepts(strings)
        found, half = backgrounds(sample, [*concepts, *of_text])
        self._known: list[Background] = found[: len(concepts)]
        self._text: list[Background] = found[len(concepts) :]
        self._half = half
        counts = sample.counts.reshape(-1)
        self._sizes = (int((counts & ~half).sum()), int((counts & half).sum()))
        self._rng = np.random.default_rng(0)

    def label(
        self,
        feature: int,
        promoted: Sequence[int] = (),
        density: float = 0.0,
        examples: FeatureExamples | None = None,
    ) -> AutomaticLabel:
        """The label of one feature.

        Args:
            feature: its id.
            promoted: tokens that it promotes most.
            density: share of the corpus' tokens on which it is active.
            examples: its windows, used where the sample has too few activations.
        """
        places, values = self.sample.of(feature)
        second = self._half[places]
        first, last = np.flatnonzero(~second), np.flatnonzero(second)
        if min(len(first), len(last)) >= ENOUGH:
            halves = [(places[at], values[at]) for at in map(self._thinned, (first, last))]
            shares = (len(first) / self._sizes[0], len(last) / self._sizes[1])
            return self._from_sample(halves, shares, promoted)
        if examples is not None and density > 0:
            return self._from_examples(examples, density, promoted)
        return AutomaticLabel.none()

    def _thinned(self, at: Int[np.ndarray, " n"]) -> Int[np.ndarray, " m"]:
        """An even sample of many activations."""
        return at if len(at) <= _AT_ONCE else np.sort(self._rng.choice(at, _AT_ONCE, replace=False))

    def _from_sample(self, halves, shares, promoted: Sequence[int]) -> AutomaticLabel:
        (fit_places, fit_values), (held_places, held_values) = halves
        candidates = []
        for threshold, mask in at_least(fit_values, _CUTS):
            held = held_values >= threshold
            if min(mask.sum(), held.sum()) >= ENOUGH // 2:
                candidates.append(
                    _Candidate(
                        threshold,
                        (mask, float(mask.mean()) * shares[0]),
                        (held, float(held.mean()) * shares[1]),
                        float(fit_values[~mask].sum() / fit_values.sum()),
                    )
                )
        views = [
            (b.concept, b.values[fit_places], b.values[held_places], b.halves)
            for b in (*self._known, *self._text)
        ]
        return _best(views, candidates, promoted)

    def _from_examples(
        self, examples: FeatureExamples, density: float, promoted: Sequence[int]
    ) -> AutomaticLabel:
        even = np.flatnonzero(examples.band > 0)
        fit = np.concatenate([even[::2], np.flatnonzero(examples.band == 0)])
        held = even[1::2]
        if min(len(fit), len(held)) < ENOUGH // 2:
            return AutomaticLabel.none()
        everything = _Candidate(
            0.0,
            (np.ones(len(fit), dtype=bool), density),
            (np.ones(len(held), dtype=bool), density),
        )
        rows = np.arange(len(examples.peak))
        views = []
        for b in self._text:
            values = b.concept.values(examples.tokens.astype(np.int64), examples.position)
            values = values[rows, examples.peak]
            views.append((b.concept, values[fit], values[held], b.halves))
        return _best(views, [everything], promoted)


_View = tuple[Concept, Int[np.ndarray, " n"], Int[np.ndarray, " m"], tuple[Prevalence, Prevalence]]
"""A concept, its values where the feature is active in either half, and how common they are."""


def _best(
    views: list[_View], candidates: list[_Candidate], promoted: Sequence[int]
) -> AutomaticLabel:
    """The rule that did best where it was proposed, with its score elsewhere."""
    if not candidates:
        return AutomaticLabel.none()
    ranked = sorted(
        (
            (_worth(rule, candidates[0]), i)
            for i, view in enumerate(views)
            if (rule := _rule(view, candidates[0]))
        ),
        reverse=True,
    )
    best: tuple[float, _View, _Candidate, Rule] | None = None
    for _, i in ranked[:_FINALISTS]:
        for candidate in candidates:
            rule = _rule(views[i], candidate)
            if rule and (best is None or _worth(rule, candidate) > best[0]):
                best = (_worth(rule, candidate), views[i], candidate, rule)
    if best is None:
        return AutomaticLabel.none()
    _, view, candidate, rule = best
    mask, share = candidate.held
    result = score(rule, Half(share, view[2][mask]), view[3][1])
    return _said(rule, result, candidate.threshold, promoted)


def _rule(view: _View, candidate: _Candidate) -> Rule | None:
    mask, share = candidate.fit
    return propose(view[0], Half(share, view[1][mask]), view[3][0])


def _worth(rule: Rule, candidate: _Candidate) -> float:
    gain = _KNOWN_GAIN if rule.concept.source == "concept" else 0.0
    return rule.f1 - rule.concept.cost - _MISSED_COST * candidate.missed + gain


def _said(rule: Rule, result: Score, threshold: float, promoted: Sequence[int]) -> AutomaticLabel:
    if result.f1 < LEAST:
        return AutomaticLabel.none()
    words = rule.concept.words(rule.values, promoted)
    text = words if result.f1 >= GOOD else f"partly {words}"
    return AutomaticLabel(
        text, rule.concept.source, result.f1, result.precision, result.recall, threshold
    )
