"""Random choices that keep count of their own probability, so that a text's entropy is known."""

import math
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """A seeded source of choices; `nats` is the information of all choices so far.

    Where each text can come about in one way only, `nats` is minus the logarithm of its
    probability, and no language model can do better on average.
    """

    def __init__(self, seed: int | str):
        self._random = random.Random(seed)
        self.nats = 0.0

    def choose(self, options: Sequence[T]) -> T:
        """One of the options, all equally likely."""
        self.nats += math.log(len(options))
        return options[self._random.randrange(len(options))]

    def weighted(self, options: Sequence[T], weights: Sequence[float]) -> T:
        """One of the options, each as likely as its share of the weights."""
        (index,) = self._random.choices(range(len(options)), weights)
        self.nats -= math.log(weights[index] / sum(weights))
        return options[index]

    def order(self, options: Sequence[T], k: int) -> list[T]:
        """`k` different options in random order."""
        left = list(options)
        return [left.pop(left.index(self.choose(left))) for _ in range(k)]

    def chance(self, share: float) -> bool:
        """True in this share of cases."""
        return self.weighted((True, False), (share, 1 - share))
