"""Sortings of pairs that may explain what a feature responds to."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from microtome.study.addition.document import Kind, Path

WINDOW = 10
"""Neighbouring values over which a size is smoothed: every last digit is in it once."""


@dataclass(frozen=True)
class Sorting:
    """Pairs in groups."""

    kind: Kind
    path: Path | None
    of: Callable[[Tensor, Tensor], Tensor]
    """From operands to the number of the group."""
    smooth: bool = False
    """Whether means are smoothed over neighbouring groups, so that no last digit is left."""

    def groups(self, pairs: Int[Tensor, "pairs 2"]) -> Int[Tensor, " pairs"]:
        return self.of(pairs[:, 0], pairs[:, 1])


SORTINGS = (
    Sorting("ones of first", "ones", lambda a, b: a % 10),
    Sorting("ones of second", "ones", lambda a, b: b % 10),
    Sorting("ones of sum", "ones", lambda a, b: (a + b) % 10),
    Sorting("lookup", "ones", lambda a, b: 10 * (a % 10) + b % 10),
    Sorting("size of first", "magnitude", lambda a, b: a, smooth=True),
    Sorting("size of second", "magnitude", lambda a, b: b, smooth=True),
    Sorting("size of sum", "magnitude", lambda a, b: a + b, smooth=True),
    Sorting("size of both", "magnitude", lambda a, b: 10 * (a // 10) + b // 10),
    Sorting("exact first", None, lambda a, b: a),
    Sorting("exact second", None, lambda a, b: b),
    Sorting("exact sum", None, lambda a, b: a + b),
)
"""From the simplest to the finest of each path; both tens know no last digit as they are."""


@dataclass(frozen=True)
class Scored:
    """How one sorting explains features, over pairs that its means were not made from."""

    fit: Float[Tensor, " features"]
    """Squared correlation of activation and its group's mean."""
    f1: Float[Tensor, " features"]
    """Of the groups that best say, on the other half, when the feature is on."""


@dataclass(frozen=True)
class Half:
    """Activations of one half of the pairs."""

    pairs: Int[Tensor, "pairs 2"]
    activation: Float[Tensor, "pairs features"]
    fires: Float[Tensor, "pairs features"]
    """1 where a feature is on, else 0."""

    @staticmethod
    def of(pairs: Int[Tensor, "pairs 2"], activation: Float[Tensor, "pairs features"]) -> "Half":
        return Half(pairs, activation, (activation > 0).to(activation.dtype))


@dataclass(frozen=True)
class _Sums:
    """One half by group: pairs, summed activation, pairs on which features are on."""

    count: Float[Tensor, " groups"]
    activation: Float[Tensor, "groups features"]
    on: Float[Tensor, "groups features"]

    def mean(self, sums: Tensor) -> Tensor:
        return sums / self.count.clamp(min=1)[:, None]


def score(sorting: Sorting, halves: tuple[Half, Half]) -> Scored:
    """Score a sorting: each half of the pairs is told from the means of the other half."""
    n = 1 + max(int(sorting.groups(half.pairs).max()) for half in halves)
    one, two = (_sums(sorting, half, n) for half in halves)
    told = told_squared = told_true = hits = said = torch.zeros(())
    for made_from, told_to in ((one, two), (two, one)):
        mean, rate = made_from.mean(made_from.activation), made_from.mean(made_from.on)
        if sorting.smooth:
            mean, rate = (smoothed(x, made_from.count) for x in (mean, rate))
        weight = told_to.count[:, None]
        told = told + (weight * mean).sum(0)
        told_squared = told_squared + (weight * mean**2).sum(0)
        told_true = told_true + (mean * told_to.activation).sum(0)
        rule = _best_rule(rate, made_from)
        hits = hits + (rule * told_to.on).sum(0)
        said = said + (rule * weight).sum(0)
    total = sum(len(half.pairs) for half in halves)
    true = one.activation.sum(0) + two.activation.sum(0)
    true_squared = sum(half.activation.double().pow(2).sum(0) for half in halves)
    both = told_true - told * true / total
    squares = (told_squared - told**2 / total) * (true_squared - true**2 / total)
    # a sorting whose means go against the feature on the other half explains nothing
    known = (squares > 1e-12) & (both > 0)
    fit = torch.where(known, both**2 / squares.clamp(min=1e-12), 0.0)
    f1 = 2 * hits / (said + one.on.sum(0) + two.on.sum(0)).clamp(min=1)
    return Scored(fit.float(), f1.float())


def _sums(sorting: Sorting, half: Half, n: int) -> _Sums:
    groups = sorting.groups(half.pairs)
    sums = half.activation.new_zeros(n, half.activation.shape[1])
    activation, on = (
        sums.index_add(0, groups, values).double() for values in (half.activation, half.fires)
    )
    return _Sums(torch.bincount(groups, minlength=n).double(), activation, on)


def smoothed(
    mean: Float[Tensor, "groups features"], count: Float[Tensor, " groups"]
) -> Float[Tensor, "groups features"]:
    """Averages over `WINDOW` neighbours; the two outermost, which have one last digit, count
    half. Empty groups are left out."""
    reach = WINDOW // 2
    away = torch.arange(-reach, reach + 1).abs()
    weight = torch.where(away == reach, 0.5, 1.0).to(mean.dtype)
    at = torch.arange(len(mean))
    distance = at[:, None] - at + reach
    near = (distance >= 0) & (distance <= 2 * reach)
    kernel = torch.where(near, weight[distance.clamp(0, 2 * reach)], 0.0)
    kernel = kernel * (count > 0)
    return kernel @ mean / kernel.sum(1).clamp(min=1e-9)[:, None]


def _best_rule(
    rate: Float[Tensor, "groups features"], sums: _Sums
) -> Bool[Tensor, "groups features"]:
    """The groups above a threshold of how often features are on there, the one of highest F1."""
    order = rate.argsort(dim=0, descending=True, stable=True)
    hits = sums.on.gather(0, order).cumsum(0)
    said = sums.count[order].cumsum(0)
    last = (2 * hits / (said + hits[-1:]).clamp(min=1e-9)).argmax(0)
    ranks = torch.arange(len(rate))[:, None].expand_as(order)
    return torch.empty_like(order).scatter_(0, order, ranks) <= last
