"""What is known of the adder's tokens: operands, their sum, digits, guise, and where one stands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from microtome.atlas.concepts import NONE, KnownConcept
from microtome.grid.words import (
    MAX_RANGES,
    both_end_words,
    both_tens_words,
    either,
    ends_words,
    ranges_words,
    value_ranges,
)
from microtome.specimen.adder import world
from microtome.specimen.adder.operands import NAMES

_FIRST_NUMBER = world.number_token(0)
_SIGNS = dict(zip(world.GUISES, ("+", "|", "start"), strict=True))
"""A word that only prompts of that guise have."""
_GUISE_COST = 0.04
_PLACE_COST = 0.01

_Grid = Int[np.ndarray, "rows positions"]
_Mask = Bool[np.ndarray, "rows positions"]


@dataclass(frozen=True)
class _Sums:
    """Rows of tokens, read as sums: operands as far as they have been seen, and places."""

    first: _Grid
    """The first operand, from its own token on; -1 before, and in rows without one."""
    second: _Grid
    guise: Int[np.ndarray, " rows"]
    places: dict[str, _Mask]


def _read(tokens: _Grid) -> _Sums:
    number = tokens >= _FIRST_NUMBER
    seen = np.cumsum(number, axis=1)
    inside = tokens >= 0

    def operand(n: int) -> _Grid:
        own = number & (seen == n)
        value = np.where(own, tokens - _FIRST_NUMBER, 0).sum(1, keepdims=True)
        return np.where((seen >= n) & inside & (value < world.OPERANDS), value, NONE)

    ids = {word: i for i, word in enumerate(world.vocabulary())}
    guise = np.full(len(tokens), NONE, dtype=np.int64)
    for i, sign in enumerate(_SIGNS.values()):
        guise[(tokens == ids[sign]).any(1)] = i
    behind = np.cumsum(seen == 2, axis=1)
    places = {
        "at the first operand": number & (seen == 1),
        "between the operands": ~number & (seen == 1),
        "at the second operand": number & (seen == 2),
        "": ~number & (behind == 2),
        "from the second operand on": (seen == 2) & (behind <= 2),
        "from the first operand on": (seen >= 1) & (behind <= 2),
    }
    return _Sums(operand(1), operand(2), guise, {k: m & inside for k, m in places.items()})


_Quantity = Callable[[_Grid, _Grid], _Grid]
_Words = Callable[[Sequence[int]], str]


def _sizes(name: str) -> _Words:
    def words(values: Sequence[int]) -> str:
        found = value_ranges(list(values))
        longest = sorted(found, key=lambda r: r[0] - r[1])[:MAX_RANGES]
        return ranges_words(name, longest, len(found) > MAX_RANGES)

    return words


def _ends(name: str) -> _Words:
    return lambda values: ends_words(name, values)


def _both_end(values: Sequence[int]) -> str:
    return both_end_words(NAMES.both, *_split(values))


def _both_tens(values: Sequence[int]) -> str:
    return both_tens_words(NAMES.both, *_split(values))


def _split(values: Sequence[int]) -> tuple[list[int], list[int]]:
    return sorted({v // 10 for v in values}), sorted({v % 10 for v in values})


def _true(condition: Bool[np.ndarray, "rows positions"]) -> _Grid:
    return np.where(condition, 1, NONE)


_ALONE: tuple[tuple[str, _Quantity, _Words, float], ...] = (
    ("first operand", lambda a, b: a, _sizes(NAMES.a), 0.02),
    ("first digit", lambda a, b: a % 10, _ends(NAMES.a), 0.0),
)
_TOGETHER: tuple[tuple[str, _Quantity, _Words, float], ...] = (
    ("sum digit", lambda a, b: (a + b) % 10, _ends(NAMES.sum), 0.0),
    ("sum", lambda a, b: a + b, _sizes(NAMES.sum), 0.02),
    ("second operand", lambda a, b: b, _sizes(NAMES.b), 0.02),
    ("second digit", lambda a, b: b % 10, _ends(NAMES.b), 0.0),
    ("both digits", lambda a, b: 10 * (a % 10) + b % 10, _both_end, 0.05),
    ("both tens", lambda a, b: 10 * (a // 10) + b // 10, _both_tens, 0.05),
    ("carry", lambda a, b: _true(a % 10 + b % 10 >= 10), lambda _: "carry", 0.0),
    ("no carry", lambda a, b: _true(a % 10 + b % 10 < 10), lambda _: "no carry", 0.0),
    ("large sum", lambda a, b: _true(a + b >= 100), lambda _: "sum of 100 or more", 0.0),
)
_AFTER_FIRST = ("at the first operand", "between the operands", "from the first operand on")
_AFTER_BOTH = ("", "at the second operand", "from the second operand on")


def adder_concepts() -> list[KnownConcept]:
    """All concepts of the adder's world: every quantity at every place where it is known, in all
    guises and in each of them, and the guise itself."""
    read = _Once()
    found = [
        _concept(read, quantity, place, guise)
        for guise in (None, *range(len(world.GUISES)))
        for quantities, places in (
            (_ALONE, (*_AFTER_FIRST, *_AFTER_BOTH)),
            (_TOGETHER, _AFTER_BOTH),
        )
        for quantity in quantities
        for place in places
    ]
    return [*found, *(_guise(read, place) for place in (*_AFTER_FIRST, *_AFTER_BOTH))]


class _Once:
    """Reads rows once for all concepts that are asked for in turn."""

    def __init__(self):
        self._last: tuple[_Grid, _Sums] | None = None

    def __call__(self, tokens: _Grid) -> _Sums:
        if self._last is None or not np.array_equal(self._last[0], tokens):
            self._last = tokens, _read(tokens)
        return self._last[1]


def _concept(
    read: _Once, quantity: tuple[str, _Quantity, _Words, float], place: str, guise: int | None
) -> KnownConcept:
    name, of, words, cost = quantity
    both = quantity in _TOGETHER

    def values(tokens: _Grid) -> _Grid:
        sums = read(tokens)
        known = sums.places[place] & (sums.first >= 0)
        if both:
            known &= sums.second >= 0
        if guise is not None:
            known &= (sums.guise == guise)[:, None]
        return np.where(known, of(sums.first, sums.second), NONE)

    suffix = ", ".join(part for part in (place, _in(guise)) if part)

    def say(found: Sequence[int]) -> str:
        return words(found) + (f", {suffix}" if suffix else "")

    cost += (_PLACE_COST if place else 0.0) + (0.0 if guise is None else _GUISE_COST)
    return KnownConcept(f"{name}, {suffix}" if suffix else name, values, say, cost)


def _in(guise: int | None) -> str:
    return "" if guise is None else f"in {('equations', 'tables', 'minutes')[guise]}"


def _guise(read: _Once, place: str) -> KnownConcept:
    def values(tokens: _Grid) -> _Grid:
        sums = read(tokens)
        return np.where(sums.places[place], sums.guise[:, None], NONE)

    def say(found: Sequence[int]) -> str:
        inside = either([_in(guise).removeprefix("in ") for guise in found])
        return f"{inside}, {place or 'at the answer'}"

    return KnownConcept(f"guise {place}".strip(), values, say, 0.03, most=2)
