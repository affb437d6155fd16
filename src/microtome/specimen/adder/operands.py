"""Operand plots: what a feature of the adder responds to, over all 100 x 100 pairs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.dictionary import Dictionary
from microtome.model import LanguageModel
from microtome.specimen.adder import world

Key = tuple[int, int, int]
"""Layer, feature, position."""

_AT_ONCE = 1000
"""Pairs in one forward pass."""


@torch.no_grad()
def operand_grids(
    model: LanguageModel,
    dictionary: Dictionary,
    features: Sequence[Key],
    guise: str = "equation",
    progress: Callable[[int, int], object] | None = None,
) -> dict[Key, Float[Tensor, "first second"]]:
    """Activation of features at their positions for every pair of operands, [100, 100] each.

    Lindsey et al. 2025, "On the Biology of a Large Language Model", section on addition.

    Args:
        model: an adder.
        dictionary: of the features.
        features: which, and at which positions.
        guise: how the sums are written.
        progress: called with pairs done and pairs to do.
    """
    n = world.OPERANDS
    values = torch.arange(n)
    pairs = torch.cartesian_prod(values, values)
    grids = {key: torch.zeros(n * n) for key in features}
    wanted = sorted({(layer, position) for layer, _, position in grids})
    sites = sorted({dictionary.reads[layer] for layer, _ in wanted})
    for start in range(0, len(pairs), _AT_ONCE):
        if progress is not None:
            progress(start, len(pairs))
        part = slice(start, start + _AT_ONCE)
        run = model.run(world.prompt_tokens(pairs[part], guise), sites)
        for layer, position in wanted:
            codes = dictionary.encoders[layer].encode(run[dictionary.reads[layer]][:, position])
            dense = codes.dense()
            for key, grid in grids.items():
                if (key[0], key[2]) == (layer, position):
                    grid[part] = dense[:, key[1]]
    return {key: grid.view(n, n) for key, grid in grids.items()}


_QUANTITIES = {
    "first operand": lambda a, b: a,
    "second operand": lambda a, b: b,
    "sum": lambda a, b: a + b,
}

MIN_FIT = 0.5
"""Share of a grid's variance that a description has to explain to be given."""


SIZE_COST = 0.02
PAIR_COST = 0.1
"""Fit that a sorting by size, or by both operands, has to add over one by last digits."""


MAX_RANGES = 3
"""Ranges of a quantity that are named; more are hinted at."""


@dataclass(frozen=True)
class Pattern:
    """A grid in words, and the share of its variance that the words explain."""

    text: str
    fit: float


def describe_grid(grid: Float[Tensor, "first second"]) -> Pattern:
    """The simplest sorting of pairs that explains a grid, and which groups it likes.

    Candidates: size and last digit of either operand and of the sum, pairs of last digits (lookup
    features) and pairs of tens. A sorting into more groups has to explain more to be chosen.
    """
    if not bool((grid != grid[0, 0]).any()):
        constant = float(grid[0, 0])
        return Pattern("always on" if constant > 0 else "never on", 1.0)
    sizes = [_size_pattern(grid, name) for name in _QUANTITIES]
    digits = [_digit_pattern(grid, name) for name in _QUANTITIES]
    pairs = [_lookup_pattern(grid), _tens_pattern(grid)]
    costs = ((digits, 0.0), (sizes, SIZE_COST), (pairs, PAIR_COST))
    candidates = [(p.fit - cost, p) for patterns, cost in costs for p in patterns]
    _, pattern = max(candidates, key=lambda candidate: candidate[0])
    if pattern.fit < MIN_FIT:
        return Pattern(f"mixed: {pattern.text} ({pattern.fit:.0%})", pattern.fit)
    return pattern


def _groups(grid: Tensor, name: str, modulus: int | None = None) -> Tensor:
    a = torch.arange(grid.shape[0])[:, None]
    b = torch.arange(grid.shape[1])[None]
    value = (_QUANTITIES[name](a, b) + torch.zeros_like(grid)).long()
    return value if modulus is None else value % modulus


def _means(grid: Tensor, groups: Tensor) -> tuple[Tensor, float]:
    """Mean of every group, and the share of variance between groups, corrected for their
    number."""
    flat, at = grid.flatten().double(), groups.flatten()
    n = int(at.max()) + 1
    count = torch.zeros(n, dtype=torch.double).index_add_(0, at, torch.ones_like(flat))
    mean = torch.zeros(n, dtype=torch.double).index_add_(0, at, flat) / count.clamp(min=1)
    within = (flat - mean[at]).pow(2).sum() / (len(flat) - n)
    total = flat.var()
    return mean, float(1 - within / total)


def _liked(means: Tensor) -> list[int]:
    """Groups above half of the largest mean."""
    return (means > means.max() / 2).nonzero()[:, 0].tolist()


def _size_pattern(grid: Tensor, name: str) -> Pattern:
    means, fit = _means(grid, _groups(grid, name))
    ranges = value_ranges(_liked(means))
    # the strongest ranges, in rising order: a feature with two humps is not "about" their middle
    strongest = sorted(ranges, key=lambda r: -float(means[r[0] : r[1] + 1].sum()))[:MAX_RANGES]
    words = [str(a) if a == b else f"{a}–{b}" for a, b in sorted(strongest)]
    more = " …" if len(ranges) > MAX_RANGES else ""
    return Pattern(f"{name} {either(words)}{more}", fit)


def value_ranges(values: list[int], gap: int = 2) -> list[tuple[int, int]]:
    """Runs of values, across gaps of one."""
    ranges: list[tuple[int, int]] = []
    for value in values:
        if ranges and value - ranges[-1][1] <= gap:
            ranges[-1] = (ranges[-1][0], value)
        else:
            ranges.append((value, value))
    return ranges


def either(words: list[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def _digit_pattern(grid: Tensor, name: str) -> Pattern:
    means, fit = _means(grid, _groups(grid, name, 10))
    return Pattern(f"{name} ends in {digits_words(_liked(means))}", fit)


def digits_words(digits: list[int]) -> str:
    return either([str(d) for d in digits])


def _lookup_pattern(grid: Tensor) -> Pattern:
    first, second = (_groups(grid, f"{which} operand", 10) for which in ("first", "second"))
    rows, columns, fit = _pair_groups(grid, first, second)
    return Pattern(f"first ends in {digits_words(rows)}, second in {digits_words(columns)}", fit)


def _tens_pattern(grid: Tensor) -> Pattern:
    first, second = (_groups(grid, f"{which} operand") // 10 for which in ("first", "second"))
    rows, columns, fit = _pair_groups(grid, first, second)
    return Pattern(f"first {tens_words(rows)}, second {tens_words(columns)}", fit)


def _pair_groups(grid: Tensor, first: Tensor, second: Tensor) -> tuple[list[int], list[int], float]:
    """Groups of either operand that go with high activation, and the fit of both together."""
    means, fit = _means(grid, first * 10 + second)
    liked = _liked(means)
    return sorted({g // 10 for g in liked}), sorted({g % 10 for g in liked}), fit


def tens_words(groups: list[int]) -> str:
    """Tens as ranges of numbers: 30–59 or 80–89."""
    return either([f"{10 * a}–{10 * b + 9}" for a, b in value_ranges(groups, gap=1)])
