"""Patterns of operand plots: lookup, sum, modulus and magnitude, each scored against a control.

A pattern is a rule that names cells; it is scored by how well it says where the feature is active.
Rules are searched for, and a search over enough rules explains anything a little: the control is
the best F1 that the same search reaches on random features that are active as often.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from torch import Tensor

from microtome.errors import MicrotomeError
from microtome.grid.search import BestPair, best_product, best_range, best_set
from microtome.grid.slots import Slot
from microtome.grid.words import MAX_RANGES, either, span_words, value_ranges

Kind = Literal["lookup", "sum", "modulus", "magnitude"]

THRESHOLD = 0.5
"""Share of the largest activation above which a cell counts as active."""
MIN_F1 = 0.5
MARGIN = 0.1
"""By how much a pattern's F1 has to be above its control's to be named."""
DRAWS = 20
WIDE = 0.1
"""Share of a quantity's span from which on a range is a magnitude."""
MODULI = tuple(range(2, 26))
PERIODS = 4
"""Periods of a modulus that a grid has to hold, at least."""
ALWAYS = 0.95
"""Share of active cells from which on a feature is active everywhere."""
_SET_COST, _PAIR_COST, _PAIRS_COST, _MODULUS_COST = 0.05, 0.05, 0.1, 0.002
"""F1 that less simple rules have to gain; of a modulus, for each number that it counts to."""


@dataclass(frozen=True)
class Pattern:
    """A rule for where a feature is active, and how good it is."""

    kind: Kind
    words: str
    precision: float
    recall: float
    f1: float
    control: float
    """Best F1 of the same kind of rule on random features."""
    cost: float = 0.0

    @property
    def above_control(self) -> bool:
        return self.f1 >= MIN_F1 and self.f1 >= self.control + MARGIN


@dataclass(frozen=True)
class Recognised:
    """What a grid looks like."""

    pattern: Pattern | None
    """The best that is above its control; None where none is."""
    patterns: tuple[Pattern, ...]
    """The best of every kind, the best first; `pattern`, where there is one, is the first."""
    threshold: float
    """Activation above which a cell counts as active."""
    active: float
    """Share of active cells."""

    @property
    def words(self) -> str:
        if self.active == 0:
            return "never active"
        if self.active >= ALWAYS:
            return "active everywhere"
        return self.pattern.words if self.pattern else "no pattern"


def recognise(
    values: Float[Tensor, "a b"],
    a: Slot,
    b: Slot,
    threshold: float = THRESHOLD,
    draws: int = DRAWS,
    seed: int = 0,
) -> Recognised:
    """Look for patterns in a grid.

    Controls are, for rules of any set of values, the same cells in random order; for rules of
    neighbouring numbers, sums and remainders also the same grid with rows and columns in random
    order, which keeps how often each value is active and loses what its number has to do with it.

    Args:
        values: activations.
        a: name and values of the rows.
        b: of the columns.
        threshold: share of the largest activation above which a cell is active.
        draws: of each control.
        seed: of the controls.

    Raises:
        MicrotomeError: not a row for every value of a, or not a column for every value of b.
    """
    if values.shape != (expected := (len(a.values), len(b.values))):
        raise MicrotomeError(f"the grid is of shape {tuple(values.shape)}, its slots {expected}")
    grid = values.detach().cpu().double().numpy()
    level = float(max(grid.max(), 0.0) * threshold)
    mask = grid > level
    share = float(mask.mean())
    if not 0 < share < ALWAYS:
        return Recognised(None, (), level, share)
    search = _Search(mask, a, b, draws, seed)
    found = sorted(search.patterns(), key=lambda p: p.cost - p.f1)
    named = next((pattern for pattern in found if pattern.above_control), None)
    best: dict[Kind, Pattern] = {}
    # a cheaper rule of the named one's kind may be no better than its own control
    for pattern in [*([named] if named else []), *found]:
        best.setdefault(pattern.kind, pattern)
    return Recognised(named, tuple(best.values()), level, share)


Say = Callable[[Bool[np.ndarray, " groups"]], str]


class _Search:
    def __init__(self, mask: Bool[np.ndarray, "a b"], a: Slot, b: Slot, draws: int, seed: int):
        self.a, self.b, self.mask, self.draws = a, b, mask, draws
        random = np.random.default_rng(seed)
        shuffled = [random.permutation(mask.ravel()).reshape(mask.shape) for _ in range(draws)]
        orders = [(random.permutation(n) for n in mask.shape) for _ in range(draws)]
        permuted = [mask[rows][:, columns] for rows, columns in orders]
        self.grids = np.stack([mask, *shuffled, *permuted]).astype(np.float64)
        self.positive = self.grids.sum((1, 2))

    def patterns(self) -> Iterator[Pattern]:
        names = self.a.name, self.b.name
        yield from self._values(names[0], self.a, 0)
        yield from self._values(names[1], self.b, 1)
        yield self._pairs(names)
        if self.a.numbers is None or self.b.numbers is None:
            return
        a, b = np.array(self.a.numbers), np.array(self.b.numbers)
        yield from self._numbers(" + ".join(names), a[:, None] + b[None], "sum")
        yield from self._remainders(names, a, b)

    # -- kinds of rules --------------------------------------------------------------------------

    def _values(self, name: str, slot: Slot, axis: int) -> Iterator[Pattern]:
        """One slot alone."""
        tp, size = self.grids.sum(2 - axis), float(self.mask.shape[1 - axis])
        sizes = np.full((1, tp.shape[1]), size)
        found = best_set(tp[: self.draws + 1], sizes, self.positive[: self.draws + 1])
        index = np.arange(tp.shape[1])[:, None] if axis == 0 else np.arange(tp.shape[1])[None]

        def cells(kept: Bool[np.ndarray, " groups"]) -> Bool[np.ndarray, "a b"]:
            return np.broadcast_to(kept[index], self.mask.shape)

        words = f"{name} {_set_words(slot, found.kept[0])}"
        yield self._pattern("lookup", words, cells(found.kept[0]), found.f1, _SET_COST)
        if slot.numbers is not None:
            numbers = np.array(slot.numbers)
            along = numbers[:, None] if axis == 0 else numbers[None]
            yield from self._numbers(name, np.broadcast_to(along, self.mask.shape), "lookup")

    def _numbers(self, name: str, of: Int[np.ndarray, "a b"], narrow: Kind) -> Iterator[Pattern]:
        """Ranges, sets and remainders of one quantity."""
        numbers, at = np.unique(of, return_inverse=True)
        at = at.reshape(of.shape)
        tp, size = self._counts(at, len(numbers))
        wide = max(round(WIDE * len(numbers)), 2)
        bounds: tuple[tuple[Kind, int, int], ...] = (
            (narrow, 1, wide - 1),
            ("magnitude", wide, len(numbers) - 1),
        )
        for kind, low, high in bounds:
            found = best_range(tp, size, self.positive, (low, high))
            if not found.kept[0].any():
                continue  # fewer numbers than such a range has
            words = f"{name} {_numbers_words(numbers[found.kept[0]].tolist(), numbers.tolist())}"
            yield self._pattern(kind, words, found.kept[0][at], found.f1)
        if narrow == "sum":
            found = best_set(tp, size[None], self.positive)
            words = f"{name} {_numbers_words(numbers[found.kept[0]].tolist(), numbers.tolist())}"
            yield self._pattern("sum", words, found.kept[0][at], found.f1, _SET_COST)
        for n in _moduli(numbers):
            belongs = (numbers[:, None] % n == np.arange(n)).astype(float)
            found = best_set(tp @ belongs, (size @ belongs)[None], self.positive, n // 2)
            words = _remainder_words(name, n, np.flatnonzero(found.kept[0]).tolist())
            cells = found.kept[0][of % n]
            yield self._pattern("modulus", words, cells, found.f1, _MODULUS_COST * n)

    def _pairs(self, names: tuple[str, str]) -> Pattern:
        """Any set of either slot."""
        n, part = self.mask.shape, slice(self.draws + 1)
        ones = np.ones(n[0]), np.ones(n[1])
        found = best_product(self.grids[part], *ones, self.positive[part])
        words = ", ".join(
            f"{name} {_set_words(slot, kept)}"
            for name, slot, kept in zip(
                names, (self.a, self.b), (found.rows[0], found.columns[0]), strict=True
            )
        )
        cells = found.rows[0][:, None] & found.columns[0][None]
        wide = _is_wide(self.a, found.rows[0]) and _is_wide(self.b, found.columns[0])
        kind: Kind = "magnitude" if wide else "lookup"
        return self._pattern(kind, words, cells, found.f1, _PAIRS_COST)

    def _remainders(
        self, names: tuple[str, str], a: Int[np.ndarray, " a"], b: Int[np.ndarray, " b"]
    ) -> Iterator[Pattern]:
        """Remainders of both numbers."""
        shared = [n for n in _moduli(a) if n in _moduli(b)]
        for n in shared:
            rows, columns = (np.arange(n)[:, None] == numbers % n for numbers in (a, b))
            sizes = rows.sum(1).astype(float), columns.sum(1).astype(float)
            if not (sizes[0].all() and sizes[1].all()):
                continue
            tp = np.einsum("ra,gab->grb", rows.astype(float), self.grids) @ columns.T.astype(float)
            found: BestPair = best_product(tp, *sizes, self.positive)
            kept = found.rows[0], found.columns[0]
            words = ", ".join(
                _remainder_words(name, n, np.flatnonzero(k).tolist())
                for name, k in zip(names, kept, strict=True)
            )
            cells = kept[0][a % n][:, None] & kept[1][b % n][None]
            yield self._pattern("lookup", words, cells, found.f1, _PAIR_COST + _MODULUS_COST * n)

    # -- scores ----------------------------------------------------------------------------------

    def _counts(
        self, at: Int[np.ndarray, "a b"], groups: int
    ) -> tuple[Float[np.ndarray, "grids groups"], Float[np.ndarray, " groups"]]:
        """Active cells and all cells of every group."""
        flat = at.ravel()
        tp = np.stack([np.bincount(flat, grid.ravel(), groups) for grid in self.grids])
        return tp, np.bincount(flat, minlength=groups).astype(np.float64)

    def _pattern(
        self,
        kind: Kind,
        words: str,
        cells: Bool[np.ndarray, "a b"],
        f1: Float[np.ndarray, " grids"],
        cost: float = 0.0,
    ) -> Pattern:
        tp, named = int((cells & self.mask).sum()), int(cells.sum())
        precision, recall = tp / max(named, 1), tp / int(self.mask.sum())
        control = float(f1[1:].max()) if len(f1) > 1 else 0.0
        return Pattern(kind, words, precision, recall, float(f1[0]), control, cost)


def _moduli(numbers: Int[np.ndarray, " n"]) -> list[int]:
    span = int(numbers.max() - numbers.min()) + 1
    return [n for n in MODULI if n * PERIODS <= span]


def _is_wide(slot: Slot, kept: Bool[np.ndarray, " values"]) -> bool:
    """Whether a set of numbers is one range, wide enough to be a magnitude."""
    if slot.numbers is None:
        return False
    run = kept[np.argsort(slot.numbers)]
    one = int(np.diff(run.astype(int), prepend=0, append=0).clip(min=0).sum()) == 1
    return one and int(kept.sum()) >= WIDE * len(kept)


# -- words ---------------------------------------------------------------------------------------


def _set_words(slot: Slot, kept: Bool[np.ndarray, " values"]) -> str:
    if kept.all():
        return "any"
    if slot.numbers is not None:
        numbers = [n for n, k in zip(slot.numbers, kept, strict=True) if k]
        return _numbers_words(sorted(numbers), sorted(slot.numbers))
    words = [value for value, k in zip(slot.values, kept, strict=True) if k]
    return either([*words[:4], "…"] if len(words) > 4 else words)


def _numbers_words(kept: Sequence[int], every: Sequence[int]) -> str:
    """Ranges of numbers; neighbours are those that the grid has."""
    place = {number: i for i, number in enumerate(every)}
    spans = value_ranges([place[number] for number in kept], gap=1)
    longest = sorted(spans, key=lambda span: span[0] - span[1])[:MAX_RANGES]
    words = [span_words(every[first], every[last]) for first, last in sorted(longest)]
    return either(words) + (" …" if len(spans) > MAX_RANGES else "")


def _remainder_words(name: str, n: int, kept: list[int]) -> str:
    if len(kept) == n:
        return f"{name} any"
    values = either([str(k) for k in kept])
    return f"{name} ends in {values}" if n == 10 else f"{name} mod {n} is {values}"
