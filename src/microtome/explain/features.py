"""Explaining features of an atlas, one after the other or many at once."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from microtome.explain import scoring
from microtome.explain.label import ModelLabel
from microtome.explain.material import Material
from microtome.explain.options import ExplainOptions
from microtome.explain.prompts import explaining, read_explanation
from microtome.explain.question import Answerer
from microtome.explain.together import all_of

Key = tuple[int, int]
"""Encoder and feature."""


@runtime_checkable
class Source(Protocol):
    """Where the material of features comes from."""

    def material(self, key: Key, options: ExplainOptions) -> Material: ...


@dataclass
class Work:
    """Features to explain and what has been said so far; it may be interrupted at any time."""

    source: Source
    answerer: Answerer
    options: ExplainOptions
    labels: dict[Key, ModelLabel]
    """Of features that are done; added to."""
    progress: Callable[[int, int], None] = lambda done, total: None

    def run(self, keys: Sequence[Key]) -> None:
        """Explain and score features, then score controls.

        Raises:
            MicrotomeError: the language model will not answer, or costs too much; what was done
                is in `labels`.
        """
        asyncio.run(self._run(keys))

    async def _run(self, keys: Sequence[Key]) -> None:
        try:
            await self._all([key for key in keys if key not in self.labels], self._explain)
            await self._all(self._controls(keys), self._control)
        finally:
            await self.answerer.close()

    async def _all(self, keys: list[Key], work: Callable) -> None:
        """As many features at a time as keep the language model busy."""
        waiting, done = iter(keys), 0
        self.progress(0, len(keys))

        async def worker(waiting: Iterator[Key]) -> None:
            nonlocal done
            for key in waiting:
                try:
                    self.labels[key] = await work(key)
                except BaseException:
                    deque(waiting, maxlen=0)  # nobody begins another
                    raise
                done += 1
                self.progress(done, len(keys))

        await all_of(worker(waiting) for _ in range(min(self.answerer.at_once, len(keys))))

    async def _explain(self, key: Key) -> ModelLabel:
        encoder, feature = key
        material = self.source.material(key, self.options)
        if not material.shown:
            return ModelLabel(encoder=encoder, feature=feature, label="", problem="no examples")
        label = await self._explanation(material)
        if label is None:
            problem = "no answer that could be read"
            return ModelLabel(encoder=encoder, feature=feature, label="", problem=problem)
        detection = await scoring.detection(self.answerer, label, material, self.options)
        fuzzing = await scoring.fuzzing_score(self.answerer, label, material, self.options)
        return ModelLabel(
            encoder=encoder,
            feature=feature,
            label=label,
            detection=detection,
            fuzzing=fuzzing,
            problem="" if detection else _why_unscored(material, self.options),
        )

    async def _explanation(self, material: Material) -> str | None:
        question = explaining(material.shown, self.options)
        for again in range(self.options.asked_again + 1):
            answer = await self.answerer.answer(replace(question, again=again))
            if (label := read_explanation(answer)) is not None:
                return label
        return None

    async def _control(self, key: Key) -> ModelLabel:
        material = self.source.material(key, self.options)
        label = self.labels[self._other(key)].label
        score = await scoring.detection(self.answerer, label, material, self.options)
        return self.labels[key].model_copy(update={"control": score})

    def _controls(self, keys: Sequence[Key]) -> list[Key]:
        """The first features that have a score, and another one's explanation to try."""
        scored = [key for key in keys if self.labels[key].detection is not None]
        if len({self.labels[key].label for key in scored}) < 2:
            return []
        return [k for k in scored[: self.options.controls] if self.labels[k].control is None]

    def _other(self, key: Key) -> Key:
        """The next scored feature with another explanation, in a fixed order."""
        scored = sorted(k for k, label in self.labels.items() if label.detection is not None)
        at = scored.index(key)
        own = self.labels[key].label
        return next(k for k in scored[at + 1 :] + scored[:at] if self.labels[k].label != own)


def _why_unscored(material: Material, options: ExplainOptions) -> str:
    if not options.scored:
        return "scores were not asked for"
    if not material.held_out:
        return "too few examples to hold one out"
    if not material.absent:
        return "active in every random window"
    return "no verdict that could be read"
