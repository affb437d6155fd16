"""How much of a graph's influence its groups explain, beyond what chance would."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from microtome.circuit.supernode.cluster import Labels, random_groupings
from microtome.circuit.supernode.flow import Flow

RANDOM = 50
"""Random groupings that a grouping is compared with."""


@dataclass(frozen=True)
class Quality:
    """Of a grouping. With P the signed share of influence on every edge (`Flow.share`):"""

    between: float
    """Sum of |P| over edges between different groups, rather than inside one; tokens, errors and
    answers are groups of their own."""
    kept: float
    """Sum of min(|P|, |P̂|) over those of the same edges where both have one sign. P̂ is what is
    known of P from the groups alone: the signed sum of P between two groups, spread over members by
    their shares of all that their groups receive and send."""
    random_between: float
    """Mean of `between` over random groupings of the same sizes at the same positions."""
    random: float
    """Mean of `kept` over the same."""
    random_in_layers: float
    """Mean of `kept` over random groupings with as many members from every layer, too."""

    @property
    def value(self) -> float:
        """`kept` less that of random groupings: 0 for one group of all at a position, 0 for each
        alone, and what the choice of members is worth in between."""
        return self.kept - self.random

    @property
    def beyond_layers(self) -> float:
        """`kept` less that of random groupings with the same layers: what the choice is worth
        beyond telling layers apart. 0 too for a group for every layer, and wherever no layer has
        two features at a position."""
        return self.kept - self.random_in_layers


def quality(flow: Flow, labels: Labels, draws: int = RANDOM) -> Quality:
    """Quality of a grouping of a flow's features, against `draws` random ones of either kind."""
    between, kept = explained(flow.share, labels)
    anywhere = _random(flow, labels, flow.position, draws)
    same_layer = flow.position * (int(flow.layer.max(initial=0)) + 1) + flow.layer
    return Quality(between, kept, *anywhere, _random(flow, labels, same_layer, draws)[1])


def excess(flow: Flow, labels: Labels, draws: int) -> float:
    """`Quality.value` alone."""
    return explained(flow.share, labels)[1] - _random(flow, labels, flow.position, draws)[1]


def _random(
    flow: Flow, labels: Labels, kinds: Int[np.ndarray, " features"], draws: int
) -> tuple[float, float]:
    """Means of `between` and `kept` over random groupings; features of a kind change places."""
    share = flow.share
    drawn = [explained(share, mixed) for mixed in random_groupings(labels, kinds, draws)]
    between, kept = np.mean(drawn, axis=0)
    return float(between), float(kept)


def explained(flow: Float[np.ndarray, "n n"], labels: Labels) -> tuple[float, float]:
    """`between` and `kept` of a grouping; nodes behind the features are groups of their own.

    Args:
        flow: signed influence of every edge, in a row what a node receives.
        labels: group of the first nodes, the features.
    """
    n, groups = len(flow), int(labels.max(initial=-1)) + 1
    of = np.concatenate([labels, groups + np.arange(n - len(labels))])
    k = groups + n - len(labels)
    into, out = np.nonzero(flow)
    value = flow[into, out]
    size = np.abs(value)
    received = np.bincount(into, size, n)
    sent = np.bincount(out, size, n)
    received = received / _or_one(np.bincount(of, received, k))[of]
    sent = sent / _or_one(np.bincount(of, sent, k))[of]
    pair = of[into] * k + of[out]
    guess = np.bincount(pair, value, k * k)[pair] * received[into] * sent[out]
    apart = of[into] != of[out]
    same_sign = apart & (value * guess > 0)
    return float(size[apart].sum()), float(np.minimum(size, np.abs(guess))[same_sign].sum())


def _or_one(x: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
    return np.where(x > 0, x, 1)
