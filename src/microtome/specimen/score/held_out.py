"""How well single features tell known concepts, on other rows than those they are chosen on."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from microtome.dictionary import Codes, Dictionary
from microtome.evaluation import coverage
from microtome.evaluation.probing import columns_of

FEWEST = 4
"""Rows that a concept needs, with and without it, on either side."""

Encode = Callable[[Float[Tensor, "rows d"]], Codes]


@dataclass(frozen=True)
class Sides:
    """Rows to choose on and rows to measure on, with the concepts that have enough on both."""

    x: Float[Tensor, "chosen d"]
    concepts: Bool[Tensor, "chosen concepts"]
    test_x: Float[Tensor, "tested d"]
    test_concepts: Bool[Tensor, "tested concepts"]
    names: tuple[int, ...]
    """Of each concept kept, its number among those given."""

    @property
    def chance(self) -> Float[Tensor, " concepts"]:
        """F1 of saying yes to every row: what needs no knowledge of the row."""
        share = self.test_concepts.double().mean(0)
        return 2 * share / (1 + share)

    def shuffled(self, generator: torch.Generator) -> "Sides":
        """The same with the concepts of rows dealt out anew: features know nothing of them."""

        def dealt(grid: Tensor) -> Tensor:
            return grid[torch.randperm(len(grid), generator=generator)]

        return Sides(
            self.x, dealt(self.concepts), self.test_x, dealt(self.test_concepts), self.names
        )


def split_rows(
    x: Float[Tensor, "rows d"],
    concepts: Bool[Tensor, "rows concepts"],
    test: Bool[Tensor, " rows"],
) -> Sides:
    """Put rows on two sides and leave out concepts that are too rare, or everywhere, on either."""
    sides = concepts[~test], concepts[test]
    enough = torch.ones(concepts.shape[1], dtype=torch.bool)
    for side in sides:
        count = side.sum(0)
        enough &= (count >= FEWEST) & (len(side) - count >= FEWEST)
    kept = enough.nonzero()[:, 0]
    return Sides(x[~test], sides[0][:, kept], x[test], sides[1][:, kept], tuple(kept.tolist()))


@dataclass(frozen=True)
class Told:
    """How each concept is told by the feature that tells it best."""

    f1: Float[Tensor, " concepts"]
    """On the rows to measure on."""
    features: tuple[int, ...]
    """-1 where no feature is active."""
    levels: tuple[float, ...]
    """Mean activation of the feature on rows with the concept, of those chosen on."""


@torch.no_grad()
def held_out_coverage(encode: Encode, sides: Sides) -> Told:
    """Choose the best feature and threshold for each concept on one side, measure F1 on the other.

    `microtome.evaluation.coverage` chooses and measures on the same rows, which a wide dictionary
    can use: of thousands of features one tells a rare concept by accident.
    """
    codes = encode(sides.x)
    best = coverage(codes, sides.concepts)
    chosen = torch.tensor(best.features).clamp(min=0)
    thresholds = torch.tensor(best.thresholds, dtype=torch.float64)
    own = columns_of(codes, chosen)
    # a threshold that every activation passes is "active": other rows may have smaller ones
    least = torch.where(own > 0, own, torch.inf).amin(0)
    thresholds = torch.where(thresholds <= least, 0.0, thresholds)
    fires = columns_of(encode(sides.test_x), chosen)
    said = (fires > 0) & (fires >= thresholds) & (torch.tensor(best.features) >= 0)
    levels = (own * sides.concepts).sum(0) / sides.concepts.sum(0)
    return Told(f1_of(said, sides.test_concepts), best.features, tuple(levels.tolist()))


def f1_of(
    said: Bool[Tensor, "rows concepts"], truth: Bool[Tensor, "rows concepts"]
) -> Float[Tensor, " concepts"]:
    """F1 of each column; 0 where it is never said."""
    hits = (said & truth).sum(0).double()
    return 2 * hits / (said.sum(0) + truth.sum(0)).clamp(min=1)


def encoder_at(dictionary: Dictionary, encoder: int = 0) -> Encode:
    """What one encoder says of the rows that it reads."""
    return dictionary.encoders[encoder].encode
