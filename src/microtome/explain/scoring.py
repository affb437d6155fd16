"""Scoring an explanation: a language model that has only the explanation judges excerpts.

Detection and fuzzing after Paulo et al. (2024, https://arxiv.org/abs/2410.13928). Two deviations:
what is marked wrongly in fuzzing is as many tokens as the feature was active on, drawn among those
on which it was not; and each held-out example is there marked rightly and wrongly, never both in
one question.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from microtome.atlas.page import Example
from microtome.explain.excerpt import active, excerpt, inactive
from microtome.explain.label import Score
from microtome.explain.material import Material, generator
from microtome.explain.options import ExplainOptions
from microtome.explain.prompts import detecting, fuzzing, read_verdicts
from microtome.explain.question import Answerer, Question
from microtome.explain.together import all_of

_DETECTION, _FUZZING = 1, 2


@dataclass(frozen=True)
class Item:
    """An excerpt to be judged."""

    text: str
    truth: bool


def detection_items(material: Material, options: ExplainOptions) -> list[list[Item]]:
    """Held-out examples and random windows, shuffled, by question."""
    items = [Item(excerpt(example.tokens), True) for example in material.held_out]
    items += [Item(excerpt(tokens), False) for tokens in material.absent]
    return _questions(items, _generator(material, options, _DETECTION), options)


def fuzzing_items(material: Material, options: ExplainOptions) -> list[list[Item]]:
    """Held-out examples, marked rightly and wrongly, by question."""
    rng = _generator(material, options, _FUZZING)
    first: list[Item] = []
    second: list[Item] = []
    for i in rng.permutation(len(material.held_out)).tolist():
        example = material.held_out[i]
        right = active(example, options.mark_above)
        pair = [Item(excerpt(example.tokens, right), True)]
        if wrong := _elsewhere(example, sum(right), rng):
            pair.append(Item(excerpt(example.tokens, wrong), False))
        if rng.random() < 0.5:
            pair.reverse()
        first.append(pair[0])
        second.extend(pair[1:])
    return _questions(first, rng, options) + _questions(second, rng, options)


def _elsewhere(example: Example, n: int, rng: np.random.Generator) -> list[bool]:
    """Marks on `n` tokens, or as many as there are, on which the feature was not active."""
    free = inactive(example)
    chosen = set(rng.permutation(free)[:n].tolist())
    return [i in chosen for i in range(len(example.tokens))] if chosen else []


def _questions(
    items: list[Item], rng: np.random.Generator, options: ExplainOptions
) -> list[list[Item]]:
    shuffled = [items[i] for i in rng.permutation(len(items)).tolist()]
    step = options.per_question
    return [shuffled[i : i + step] for i in range(0, len(shuffled), step)]


def _generator(material: Material, options: ExplainOptions, kind: int) -> np.random.Generator:
    return generator(options.seed, material.encoder, material.feature, kind)


async def detection(
    answerer: Answerer, label: str, material: Material, options: ExplainOptions
) -> Score | None:
    """How well an explanation tells examples of the feature from random windows."""
    return await _score(answerer, label, detection_items(material, options), detecting, options)


async def fuzzing_score(
    answerer: Answerer, label: str, material: Material, options: ExplainOptions
) -> Score | None:
    """How well an explanation tells right marks from wrong ones."""
    return await _score(answerer, label, fuzzing_items(material, options), fuzzing, options)


async def _score(
    answerer: Answerer,
    label: str,
    questions: list[list[Item]],
    ask: Callable[[str, Sequence[str], ExplainOptions], Question],
    options: ExplainOptions,
) -> Score | None:
    truths = [item.truth for items in questions for item in items]
    if len(set(truths)) < 2:  # nothing to tell apart: no question is worth its price
        return None
    verdicts = await all_of(
        _verdicts(answerer, ask(label, [i.text for i in items], options), len(items), options)
        for items in questions
    )
    return Score.of(truths, [verdict for some in verdicts for verdict in some])


async def _verdicts(
    answerer: Answerer, question: Question, n: int, options: ExplainOptions
) -> list[bool | None]:
    for again in range(options.asked_again + 1):
        answer = await answerer.answer(replace(question, again=again))
        if (found := read_verdicts(answer, n)) is not None:
            return [*found]
    return [None] * n
