"""Groupings of features: by linkage, and the controls: at random, by k-means on profiles."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Int
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

Labels = Int[np.ndarray, " features"]
"""Group of every feature; numbered by first member."""

_APART = 1e6
"""Distance of features that may not be joined; others are at most 2 apart."""


def linkage_groupings(
    likeness: Float[np.ndarray, "features features"],
    kinds: Int[np.ndarray, " features"],
) -> list[Labels]:
    """All cuts of the tree of Ward linkage, from each feature alone to as few groups as may be.

    Args:
        likeness: of every two features, at most 1.
        kinds: features of different kinds are never joined.
    """
    n = len(likeness)
    alone = np.arange(n)
    if n < 2:
        return [alone]
    distance = np.sqrt(np.round(2 - 2 * likeness, 12).clip(min=0))
    distance[kinds[:, None] != kinds] = _APART
    np.fill_diagonal(distance, 0)
    distance = (distance + distance.T) / 2
    tree = linkage(squareform(distance, checks=False), "ward")
    cuts, labels = [alone], alone.copy()
    members = {i: [i] for i in range(n)}
    for step, (a, b, height, _) in enumerate(tree):
        if height > _APART / 2:
            break
        joined = sorted(members[int(a)] + members[int(b)])
        members[n + step] = joined
        labels = labels.copy()
        labels[joined] = joined[0]
        cuts.append(numbered(labels))
    return cuts


def numbered(labels: Labels) -> Labels:
    """Groups numbered 0, 1 ... in the order of their first members."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=int)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def random_groupings(
    labels: Labels, kinds: Int[np.ndarray, " features"], n: int, seed: int = 0
) -> Iterator[Labels]:
    """Groupings of the same sizes, their members drawn at random from those of the same kind."""
    generator = np.random.default_rng(seed)
    places = [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]
    for _ in range(n):
        mixed = labels.copy()
        for at in places:
            mixed[at] = labels[generator.permutation(at)]
        yield mixed


def k_means(
    profiles: Float[np.ndarray, "features d"],
    kinds: Int[np.ndarray, " features"],
    groups: int,
    seed: int = 0,
    starts: int = 8,
) -> Labels:
    """Plain k-means (Lloyd, k-means++ starts, the best of some) on profiles, at each kind apart.

    Every kind gets clusters by its number of features, at least one.
    """
    from sklearn.cluster import KMeans

    labels = np.zeros(len(profiles), dtype=int)
    first = 0
    for kind, k in _clusters_by_kind(kinds, groups).items():
        at = np.flatnonzero(kinds == kind)
        found = KMeans(k, random_state=seed).set_params(n_init=starts).fit_predict(profiles[at])
        labels[at] = first + found
        first += k
    return numbered(labels)


def _clusters_by_kind(kinds: Int[np.ndarray, " features"], groups: int) -> dict[int, int]:
    names, sizes = np.unique(kinds, return_counts=True)
    given = np.ones(len(names), dtype=int)
    while given.sum() < min(groups, len(kinds)):
        given[np.argmax(np.where(given < sizes, sizes / given, -1))] += 1
    return dict(zip(names.tolist(), given.tolist(), strict=True))
