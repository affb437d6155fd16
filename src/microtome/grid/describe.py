"""A grid of numbers in words: the simplest sorting of its cells that explains it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.grid.words import (
    MAX_RANGES,
    both_end_words,
    both_tens_words,
    ends_words,
    ranges_words,
    value_ranges,
)

MIN_FIT = 0.5
"""Share of a grid's variance that a description has to explain to be given."""

SIZE_COST = 0.02
PAIR_COST = 0.1
"""Fit that a sorting by size, or by both operands, has to add over one by last digits."""


@dataclass(frozen=True)
class Names:
    """Words for the quantities of a grid."""

    a: str = "a"
    b: str = "b"
    both: tuple[str, str] = ("a", "b")
    """Where both are said of one feature."""
    sum: str = "a + b"


@dataclass(frozen=True)
class Description:
    """A grid in words, and the share of its variance that the words explain."""

    text: str
    fit: float


_Quantity = Callable[[Tensor, Tensor], Tensor]


def describe_grid(
    grid: Float[Tensor, "a b"],
    a: Sequence[int],
    b: Sequence[int],
    names: Names | None = None,
) -> Description:
    """The simplest sorting of pairs of numbers that explains a grid, and which groups it likes.

    Candidates: size and last digit of either number and of the sum, pairs of last digits (lookup
    features) and pairs of tens. A sorting into more groups has to explain more to be chosen.

    Args:
        grid: activations.
        a: number of every row.
        b: of every column.
        names: words for the numbers and their sum.
    """
    if not bool((grid != grid[0, 0]).any()):
        constant = float(grid[0, 0])
        return Description("always on" if constant > 0 else "never on", 1.0)
    sorting = _Sorting(grid, a, b, names or Names())
    quantities: list[tuple[str, _Quantity]] = [
        (sorting.names.a, lambda x, y: x),
        (sorting.names.b, lambda x, y: y),
        (sorting.names.sum, lambda x, y: x + y),
    ]
    sizes = [sorting.size(*quantity) for quantity in quantities]
    digits = [sorting.digit(*quantity) for quantity in quantities]
    pairs = [sorting.last_digits(), sorting.tens()]
    costs = ((digits, 0.0), (sizes, SIZE_COST), (pairs, PAIR_COST))
    candidates = [(p.fit - cost, p) for patterns, cost in costs for p in patterns]
    _, best = max(candidates, key=lambda candidate: candidate[0])
    if best.fit < MIN_FIT:
        return Description(f"mixed: {best.text} ({best.fit:.0%})", best.fit)
    return best


@dataclass(frozen=True)
class _Groups:
    """Cells sorted into groups."""

    value: Int[Tensor, " groups"]
    mean: Float[Tensor, " groups"]
    fit: float
    """Share of variance between groups, corrected for their number."""

    def liked(self) -> list[int]:
        """Groups above half of the largest mean."""
        return self.value[self.mean > self.mean.max() / 2].tolist()


class _Sorting:
    def __init__(self, grid: Tensor, a: Sequence[int], b: Sequence[int], names: Names):
        self.flat, self.names = grid.flatten().double(), names
        shape = grid.shape
        self.a = torch.tensor(a)[:, None].expand(shape).flatten()
        self.b = torch.tensor(b)[None].expand(shape).flatten()

    def groups(self, keys: Int[Tensor, " cells"]) -> _Groups:
        value, at = keys.unique(return_inverse=True)
        n = len(value)
        count = torch.zeros(n, dtype=torch.double).index_add_(0, at, torch.ones_like(self.flat))
        mean = torch.zeros(n, dtype=torch.double).index_add_(0, at, self.flat) / count
        left = len(self.flat) - n
        if not left:
            return _Groups(value, mean, 0.0)
        within = (self.flat - mean[at]).pow(2).sum() / left
        return _Groups(value, mean, float(1 - within / self.flat.var()))

    def size(self, name: str, of: _Quantity) -> Description:
        groups = self.groups(of(self.a, self.b))
        mean = dict(zip(groups.value.tolist(), groups.mean.tolist(), strict=True))
        ranges = value_ranges(groups.liked())

        def strength(span: tuple[int, int]) -> float:
            return -sum(mean.get(value, 0.0) for value in range(span[0], span[1] + 1))

        # the strongest ranges, in rising order: a feature with two humps is not "about" their
        # middle
        kept = sorted(ranges, key=strength)[:MAX_RANGES]
        return Description(ranges_words(name, kept, len(ranges) > MAX_RANGES), groups.fit)

    def digit(self, name: str, of: _Quantity) -> Description:
        groups = self.groups(of(self.a, self.b) % 10)
        return Description(ends_words(name, groups.liked()), groups.fit)

    def last_digits(self) -> Description:
        rows, columns, fit = self._pairs(self.a % 10, self.b % 10)
        return Description(both_end_words(self.names.both, rows, columns), fit)

    def tens(self) -> Description:
        rows, columns, fit = self._pairs(self.a // 10, self.b // 10)
        return Description(both_tens_words(self.names.both, rows, columns), fit)

    def _pairs(self, first: Tensor, second: Tensor) -> tuple[list[int], list[int], float]:
        """Groups of either number that go with high activation, and the fit of both together."""
        width = int(second.max()) + 1
        groups = self.groups(first * width + second)
        liked = groups.liked()
        return sorted({g // width for g in liked}), sorted({g % width for g in liked}), groups.fit
