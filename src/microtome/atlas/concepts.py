"""Known concepts: properties of tokens in their context that a specimen's world defines."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Bool, Int


class Concept(Protocol):
    """Something that is true or false of every token of a row."""

    @property
    def name(self) -> str:
        """As a label says it: `sum ends in 5`."""
        ...

    def holds(
        self, tokens: Int[np.ndarray, "rows positions"]
    ) -> Bool[np.ndarray, "rows positions"]:
        """Whether it holds at every token; tokens are ids, -1 behind the end of a row."""
        ...


@dataclass(frozen=True)
class NamedConcept:
    """A concept made of a name and a function."""

    name: str
    function: Callable[[Int[np.ndarray, "rows positions"]], Bool[np.ndarray, "rows positions"]]

    def holds(
        self, tokens: Int[np.ndarray, "rows positions"]
    ) -> Bool[np.ndarray, "rows positions"]:
        return self.function(tokens)
