"""A sample of whole rows of tokens, with every activation on them: what rules are scored on."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int


@dataclass(frozen=True)
class TokenSample:
    """Rows drawn from the corpus, all of one width, and the activations of all features there.

    Activations lie feature by feature: those of feature id i are the entries offsets[i] to
    offsets[i + 1] of `places` and `values`.
    """

    tokens: Int[np.ndarray, "rows positions"]
    """Ids; -1 behind the end of a row."""
    counts: Bool[np.ndarray, "rows positions"]
    """Whether a token counts by the dictionary's policy; others have no activations."""
    offsets: Int[np.ndarray, " features_plus_one"]
    places: Int[np.ndarray, " active"]
    """row * positions + position."""
    values: Float[np.ndarray, " active"]

    @property
    def n_features(self) -> int:
        return len(self.offsets) - 1

    def of(self, feature: int) -> tuple[Int[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """Places and values of one feature, by its id."""
        part = slice(int(self.offsets[feature]), int(self.offsets[feature + 1]))
        return self.places[part], self.values[part]
