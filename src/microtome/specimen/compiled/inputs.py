"""Texts of a program as token ids, with what must follow each token."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

import numpy as np
from jaxtyping import Int

from microtome.errors import MicrotomeError
from microtome.specimen.compiled.program import Program, Text
from microtome.specimen.special_tokens import END, SPECIALS, START

UNPROMISED = -1
_PAD = SPECIALS.index(END)  # not <pad>: at that transformers warns of a missing mask


@dataclass(frozen=True)
class Inputs:
    """Token ids, `<s>` first and `</s>` behind, and the id that the program promises next."""

    tokens: Int[np.ndarray, "n position"]
    targets: Int[np.ndarray, "n position"]
    """-1 where nothing is promised."""

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def lengths(self) -> Int[np.ndarray, " n"]:
        """Tokens of each text, `<s>` included."""
        return (self.tokens != _PAD).sum(1)


def short_inputs(program: Program) -> Inputs:
    """Every text of small length."""
    return as_inputs(program, program.short())


def sample_inputs(program: Program, n: int, seed: int = 0) -> Inputs:
    """Random texts, the same for the same seed.

    Raises:
        MicrotomeError: not one text is asked for.
    """
    if n < 1:
        raise MicrotomeError(f"{n} texts cannot be drawn; ask for 1 or more")
    return as_inputs(program, islice(_drawn(program, seed), n))


def _drawn(program: Program, seed: int) -> Iterator[Text]:
    random = Random(seed)
    while True:
        yield program.draw(random)


def as_inputs(program: Program, texts: Iterable[Text]) -> Inputs:
    """Token ids of texts, padded to the program's positions.

    Raises:
        MicrotomeError: a text that is too long or has a word that is not in the vocabulary.
    """
    ids = {token: i for i, token in enumerate(program.vocabulary)}
    tokens, targets = [], []
    for text in texts:
        room = program.positions - 1 - len(text.tokens)
        if room < 0:
            raise MicrotomeError(
                f"a text of {program.name!r} has {len(text.tokens)} tokens after {START}, but it "
                f"is compiled for up to {program.positions - 1}"
            )
        words = {*text.tokens, *text.targets} - {None}
        if unknown := sorted(word for word in words if word not in ids):
            raise MicrotomeError(f"{unknown[0]!r} is not in the vocabulary of {program.name!r}")
        tokens.append([ids[START], *(ids[token] for token in text.tokens), *[_PAD] * room])
        promised = [UNPROMISED if target is None else ids[target] for target in text.targets]
        targets.append([UNPROMISED, *promised, *[UNPROMISED] * room])
    return Inputs(np.array(tokens), np.array(targets))
