"""Concepts: numbers that stand for something at every token, of which labels make rules.

A rule is a concept and some of its values: the concept `previous token` with the values of two
tokens is the rule `after “ the”, “ a”`. Those of any text are here; a specimen adds what its
world defines, such as the last digit of a sum.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Int

NONE = -1
"""Value of a concept where it says nothing."""

Tokens = Int[np.ndarray, "rows positions"]
"""Ids; -1 outside of a row."""
Values = Int[np.ndarray, "rows positions"]


@runtime_checkable
class Concept(Protocol):
    """A whole number at every token of a row, and words for sets of such numbers."""

    @property
    def name(self) -> str: ...

    @property
    def source(self) -> str:
        """Of labels made with it: `automatic`, or `concept` where a specimen defines it."""
        ...

    @property
    def cost(self) -> float:
        """F1 that a rule made with it has to gain over a simpler one."""
        ...

    @property
    def most(self) -> int:
        """Values of a rule, at most."""
        ...

    def values(self, tokens: Tokens, start: Int[np.ndarray, " rows"]) -> Values:
        """At every token of rows that begin at position `start` of their document."""
        ...

    def words(self, values: Sequence[int], promoted: Sequence[int]) -> str:
        """The rule that some values make, commonest value first, for a feature that promotes
        some tokens."""
        ...


@dataclass(frozen=True)
class KnownConcept:
    """A concept of a specimen's world: it is defined on whole rows only."""

    name: str
    of_rows: Callable[[Tokens], Values]
    say: Callable[[Sequence[int]], str]
    cost: float = 0.0
    most: int = 1_000
    source: str = "concept"

    def values(self, tokens: Tokens, start: Int[np.ndarray, " rows"]) -> Values:
        return self.of_rows(tokens)

    def words(self, values: Sequence[int], promoted: Sequence[int]) -> str:
        return self.say(sorted(values))


def known(name: str, holds: Callable[[Tokens], Bool[np.ndarray, "rows positions"]]) -> KnownConcept:
    """A concept that is true or false: `known("carry", ...)` is the rule `carry`."""
    return KnownConcept(name, lambda tokens: np.where(holds(tokens), 1, NONE), lambda _: name)


@dataclass(frozen=True)
class TextConcept:
    """A concept of any text: tokens at some distances from the one in question."""

    name: str
    offsets: tuple[int, ...]
    """Distances of the tokens that count, from the first to the last."""
    before: str
    """Words in front of the quoted tokens."""
    strings: Sequence[str]
    cost: float = 0.0
    most: int = 4
    source: str = "automatic"

    def values(self, tokens: Tokens, start: Int[np.ndarray, " rows"]) -> Values:
        key = np.zeros(tokens.shape, dtype=np.int64)
        absent = np.zeros(tokens.shape, dtype=bool)
        for offset in self.offsets:
            there = _shifted(tokens, offset)
            absent |= (there < 0) | (there >= len(self.strings))
            key = key * len(self.strings) + there
        key[absent] = NONE
        return key

    def words(self, values: Sequence[int], promoted: Sequence[int]) -> str:
        says = self.offsets == (1,) and not set(values).isdisjoint(promoted)
        return ("says " if says else self.before) + ", ".join(map(self._quoted, values))

    def _quoted(self, value: int) -> str:
        n, parts = len(self.strings), []
        for _ in self.offsets:
            value, token = divmod(int(value), n)
            parts.append(self.strings[token])
        return quoted("".join(reversed(parts)))


def quoted(text: str) -> str:
    """A token or phrase as labels show it: “ dog”, its spaces kept and its line ends visible."""
    return f"“{text.translate(_VISIBLE)}”"


_VISIBLE = str.maketrans({"\n": "⏎", "\t": "⇥", "\r": "␍"})


def _shifted(tokens: Tokens, offset: int) -> Tokens:
    """What stands `offset` tokens further on; -1 beyond the row."""
    out = np.full_like(tokens, NONE)
    if offset > 0:
        out[:, :-offset] = tokens[:, offset:]
    elif offset < 0:
        out[:, -offset:] = tokens[:, :offset]
    else:
        out[:] = tokens
    return out


_LAST_POSITION = 15


@dataclass(frozen=True)
class Position:
    """The position in its row, for the first ones."""

    name: str = "position"
    cost: float = 0.02
    most: int = _LAST_POSITION
    source: str = "automatic"

    def values(self, tokens: Tokens, start: Int[np.ndarray, " rows"]) -> Values:
        place = start[:, None] + np.arange(tokens.shape[1])[None]
        return np.where((place <= _LAST_POSITION) & (tokens >= 0), place, NONE)

    def words(self, values: Sequence[int], promoted: Sequence[int]) -> str:
        if list(values) == [0]:
            return "first position"
        spans = [str(a) if a == b else f"{a}–{b}" for a, b in runs(values)]
        plural = "s" if len(values) > 1 else ""
        return f"position{plural} {', '.join(spans)}"


def runs(values: Sequence[int]) -> list[tuple[int, int]]:
    """Unbroken runs of whole numbers, rising."""
    found: list[tuple[int, int]] = []
    for value in sorted(values):
        if found and value == found[-1][1] + 1:
            found[-1] = (found[-1][0], value)
        else:
            found.append((value, value))
    return found


_CLASSES = ("numbers", "punctuation", "capitalised words", "line ends", "parts within a word")


@dataclass(frozen=True)
class TokenClass:
    """What sort of token it is."""

    classes: Int[np.ndarray, " vocabulary"]
    name: str = "class"
    cost: float = 0.0
    most: int = 2
    source: str = "automatic"

    def values(self, tokens: Tokens, start: Int[np.ndarray, " rows"]) -> Values:
        inside = (tokens >= 0) & (tokens < len(self.classes))
        return np.where(inside, self.classes[np.where(inside, tokens, 0)], NONE)

    def words(self, values: Sequence[int], promoted: Sequence[int]) -> str:
        return ", ".join(_CLASSES[v] for v in values)


def token_class(strings: Sequence[str]) -> TokenClass:
    """Classes of a vocabulary's tokens; -1 for whole plain words and what is none of these."""
    spaced = sum(s.startswith(" ") for s in strings) > len(strings) / 10
    return TokenClass(np.array([_class(s, spaced) for s in strings], dtype=np.int64))


def _class(string: str, spaced: bool) -> int:
    """`spaced`: whether words of this vocabulary begin with a space."""
    text = string.strip(" ")
    if string.startswith("<") and string.endswith(">"):
        return NONE
    if "\n" in string:
        return _CLASSES.index("line ends")
    if text.isnumeric():
        return _CLASSES.index("numbers")
    if text and not any(c.isalnum() for c in text):
        return _CLASSES.index("punctuation")
    if text[:1].isupper():
        return _CLASSES.index("capitalised words")
    if spaced and text and text[0].isalpha() and not string.startswith(" "):
        return _CLASSES.index("parts within a word")
    return NONE


def text_concepts(strings: Sequence[str]) -> list[Concept]:
    """The concepts of any text in a vocabulary, the simplest first."""
    return [
        TextConcept("token", (0,), "", strings),
        token_class(strings),
        TextConcept("next token", (1,), "before ", strings, cost=0.02),
        TextConcept("previous token", (-1,), "after ", strings, cost=0.02),
        TextConcept("phrase", (-1, 0), "", strings, cost=0.03, most=3),
        TextConcept("phrase before", (-2, -1), "after ", strings, cost=0.03, most=3),
        Position(),
    ]
