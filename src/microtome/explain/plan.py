"""What explaining features would send, before anything is sent."""

from collections.abc import Sequence
from dataclasses import dataclass

from microtome.explain.features import Key, Source
from microtome.explain.options import ExplainOptions
from microtome.explain.prompts import detecting, explaining, fuzzing
from microtome.explain.question import Question
from microtome.explain.scoring import detection_items, fuzzing_items
from microtome.explain.spending import Prices, estimated_input

_LABEL = "an explanation that is about as long as explanations usually are"
_LABEL_TOKENS = 30
"""Of an explanation's answer, about; a verdict's is three tokens an excerpt."""
_LOOKED_AT = 200
"""Features whose questions are counted; more of them are estimated from these."""


@dataclass(frozen=True)
class Plan:
    """About what would be sent and answered, if every answer can be read at once."""

    features: int
    requests: int
    tokens_in: int
    tokens_out: int
    most_tokens_out: int
    """If every answer is as long as it may be."""

    def cost(self, prices: Prices) -> tuple[float, float]:
        """About, and at most."""
        return (
            prices.of(self.tokens_in, self.tokens_out),
            prices.of(self.tokens_in, self.most_tokens_out),
        )


def plan(source: Source, keys: Sequence[Key], options: ExplainOptions) -> Plan:
    """Count the questions about some features.

    Args:
        source: of their examples.
        keys: features that are not explained yet.
        options: as they will be explained.
    """
    step = max(len(keys) // _LOOKED_AT, 1)
    some = keys[::step]
    requests, into, out, most = 0.0, 0.0, 0.0, 0.0
    for i, key in enumerate(some):
        for question, tokens in _questions(source, key, options, control=i < options.controls):
            requests += 1
            into += estimated_input(question)
            out += tokens
            most += question.max_tokens
    scale = len(keys) / max(len(some), 1)
    return Plan(len(keys), *(round(n * scale) for n in (requests, into, out, most)))


def first_question(source: Source, keys: Sequence[Key], options: ExplainOptions) -> Question | None:
    """What would be sent first, to look at; None where no feature has an example."""
    for key in keys:
        if shown := source.material(key, options).shown:
            return explaining(shown, options)
    return None


def _questions(
    source: Source, key: Key, options: ExplainOptions, control: bool
) -> list[tuple[Question, int]]:
    """Questions about a feature, and about how long their answers are."""
    material = source.material(key, options)
    if not material.shown:
        return []
    found = [(explaining(material.shown, options), _LABEL_TOKENS)]
    if not material.held_out or not material.absent:
        return found
    kinds = [(detecting, detection_items), (fuzzing, fuzzing_items)]
    if control:
        kinds.append((detecting, detection_items))
    for ask, items_of in kinds:
        for items in items_of(material, options):
            question = ask(_LABEL, [item.text for item in items], options)
            found.append((question, 3 * len(items)))
    return found
