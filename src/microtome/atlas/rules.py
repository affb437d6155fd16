"""Rules: a concept and some of its values, proposed on some text and scored on other text."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from microtome.atlas.concepts import NONE, Concept
from microtome.atlas.sample import TokenSample

Keys = Int[np.ndarray, " n"]


@dataclass(frozen=True)
class Prevalence:
    """How much of a text has each value of a concept."""

    values: Keys
    """Rising."""
    share: Float[np.ndarray, " values"]
    unseen: float
    """Taken for values that the text does not have: less than once."""

    @staticmethod
    def of(values: Keys) -> "Prevalence":
        found, count = np.unique(values[values != NONE], return_counts=True)
        total = max(len(values), 1)
        return Prevalence(found, count / total, 1 / (total + 1))

    def __call__(self, values: Keys) -> Float[np.ndarray, " n"]:
        if not len(self.values):
            return np.full(len(values), self.unseen)
        at = np.searchsorted(self.values, values).clip(max=len(self.values) - 1)
        return np.where(self.values[at] == values, self.share[at], self.unseen)


@dataclass(frozen=True)
class Background:
    """The sample seen through one concept: its value everywhere, and how common each is in either
    half."""

    concept: Concept
    values: Keys
    """At every place of the sample."""
    halves: tuple[Prevalence, Prevalence]


@dataclass(frozen=True)
class Half:
    """Where a feature is active in one half of the text, as a rule may see it."""

    share: float
    """Of all tokens on which it is so active."""
    values: Keys
    """Of the concept at those tokens, or at an even sample of them."""


@dataclass(frozen=True)
class Rule:
    concept: Concept
    values: tuple[int, ...]
    """Commonest first."""
    f1: float
    """Where it was proposed."""


@dataclass(frozen=True)
class Score:
    """How well a rule says where a feature is active."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def backgrounds(sample: TokenSample, concepts: Sequence[Concept], seed: int = 0):
    """The sample through every concept, with its rows in two halves at random."""
    rows, positions = sample.tokens.shape
    second = np.zeros(rows, dtype=bool)
    second[np.random.default_rng(seed).permutation(rows)[: rows // 2]] = True
    half = np.repeat(second, positions)
    counts = sample.counts.reshape(-1)
    start = np.zeros(rows, dtype=np.int64)
    found = []
    for concept in concepts:
        values = concept.values(sample.tokens.astype(np.int64), start).reshape(-1)
        halves = (Prevalence.of(values[counts & ~half]), Prevalence.of(values[counts & half]))
        found.append(Background(concept, values, halves))
    return found, half


def propose(concept: Concept, active: Half, prevalence: Prevalence) -> Rule | None:
    """The values whose rule has the highest F1, or None where no value is there.

    F1 is 2 TP / (rule + active), in which both TP and the rule's share add up over values: the
    best set is those of highest precision, down to some precision.
    """
    values, count = np.unique(active.values[active.values != NONE], return_counts=True)
    if not len(values) or not active.share:
        return None
    true = count / len(active.values) * active.share
    rule = np.maximum(prevalence(values), true)
    keep = np.argsort(-true * true / rule, kind="stable")[: concept.most]
    order = keep[np.argsort(-true[keep] / rule[keep], kind="stable")]
    f1 = 2 * np.cumsum(true[order]) / (np.cumsum(rule[order]) + active.share)
    chosen = order[: int(np.argmax(f1)) + 1]
    commonest = chosen[np.argsort(-true[chosen], kind="stable")]
    return Rule(concept, tuple(values[commonest].tolist()), float(f1.max()))


def score(rule: Rule, active: Half, prevalence: Prevalence) -> Score:
    """Precision and recall of a rule on text that it was not proposed on."""
    if not len(active.values) or not active.share:
        return Score(0.0, 0.0)
    held = np.array(rule.values, dtype=np.int64)
    recall = float(np.isin(active.values, held).mean())
    true = recall * active.share
    named = max(float(prevalence(held).sum()), true)
    return Score(true / named if named else 0.0, recall)


def at_least(
    values: Float[np.ndarray, " n"], cuts: Sequence[float]
) -> list[tuple[float, Bool[np.ndarray, " n"]]]:
    """Thresholds at quantiles of activations, each with the activations that reach it."""
    found, seen = [], set()
    for cut in cuts:
        threshold = float(np.quantile(values, cut)) if cut else 0.0
        if threshold not in seen:
            seen.add(threshold)
            found.append((threshold, values >= threshold))
    return found
