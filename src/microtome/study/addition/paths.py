"""The two paths as sets of features, with their controls."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from microtome.study.addition.document import PATHS, Path
from microtome.study.addition.kinds import Kinds, others, shuffled
from microtome.study.addition.subject import Subject

Dealt = Literal["shuffled", "others"]
"""Controls that are sets of features like the path."""
DEALT: dict[Dealt, Callable] = {"shuffled": shuffled, "others": others}


@dataclass(frozen=True, eq=False)
class Paths:
    """Features of each path at the answer's position in one guise."""

    own: dict[Path, Bool[Tensor, " columns"]]
    dealt: dict[tuple[Path, Dealt], list[Bool[Tensor, " columns"]]]
    """Control sets of each path."""

    @property
    def both(self) -> Bool[Tensor, " columns"]:
        return self.own["ones"] | self.own["magnitude"]

    def controls(self, path: Path) -> Iterator[tuple[Dealt, Bool[Tensor, " columns"]]]:
        for who in DEALT:
            for mask in self.dealt[path, who]:
                yield who, mask


def find_paths(subject: Subject, kinds: Kinds, draws: int, seed: int) -> Paths:
    """Paths of a guise, and as many control sets of each as wanted."""
    generator = torch.Generator().manual_seed(seed)
    strength = kinds.mean * subject.length
    own: dict[Path, Tensor] = {path: kinds.path(path) for path in PATHS}
    return Paths(
        own,
        {
            (path, who): [
                deal(own[path], kinds, subject.layer, strength, generator) for _ in range(draws)
            ]
            for path in PATHS
            for who, deal in DEALT.items()
        },
    )


@dataclass(frozen=True, eq=False)
class Row:
    """One change of a prompt: these features to these activations."""

    changed: Bool[Tensor, " columns"]
    values: Float[Tensor, " columns"]


def stacked(rows: Sequence[Row]) -> tuple[Bool[Tensor, "n columns"], Float[Tensor, "n columns"]]:
    return torch.stack([r.changed for r in rows]), torch.stack([r.values for r in rows])


def digits_right(answers: np.ndarray, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether the ones digit is right, and whether tens and hundreds are; what is no number has
    neither."""
    number = answers >= 0
    return number & (answers % 10 == sums % 10), number & (answers // 10 == sums // 10)


def near(answers: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Whether answers are numbers within 5 of others: as near as one last digit allows."""
    return (answers >= 0) & (np.abs(answers - values) <= 5)
