"""A map of all features: UMAP over their decoders, and clusters on it."""

import math
import warnings
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

FEW = 16
"""Below so many features UMAP has nothing to find; their two main components are shown."""
SAMPLE = 50_000
"""Features on which the map is fitted; the others are placed on it."""
_COMPONENTS = 64
_NEIGHBOURS = 15


class FeatureMap(NamedTuple):
    xy: Float[np.ndarray, "features 2"]
    """NaN for features without a direction: zero or not finite."""
    cluster: Int[np.ndarray, " features"]
    """-1: in none."""


def feature_map(vectors: Float[Tensor, "features d"], seed: int = 0) -> FeatureMap:
    """Place features so that those of similar direction lie together, and cluster the places.

    UMAP (McInnes et al. 2018) with cosine distance, after the main components of the unit
    vectors where these are wide (a random projection of a sample finds them: Halko et al. 2011);
    HDBSCAN (Campello et al. 2013) on the map. The same for the same vectors and seed on one
    machine.

    Args:
        vectors: decoder vectors, one a feature.
        seed: of everything random.
    """
    n = len(vectors)
    xy = np.full((n, 2), np.nan, dtype=np.float32)
    cluster = np.full(n, -1, dtype=np.int32)
    norms = torch.linalg.vector_norm(vectors.float(), dim=1)
    alive = (norms.isfinite() & (norms > 0)).nonzero()[:, 0]
    if not len(alive):
        return FeatureMap(xy, cluster)
    unit = (vectors[alive].float() / norms[alive, None]).cpu().numpy()
    index = alive.cpu().numpy()
    narrow = _components(unit, seed)
    places = _plane(narrow) if len(unit) < FEW else _umap(narrow, seed)
    xy[index] = _scaled(places)
    cluster[index] = _clusters(xy[index])
    return FeatureMap(xy, cluster)


def _components(unit: Float[np.ndarray, "n d"], seed: int) -> Float[np.ndarray, "n c"]:
    """Main components of unit vectors, not centred: cosines are what counts."""
    if unit.shape[1] <= _COMPONENTS:
        return unit
    from sklearn.utils.extmath import randomized_svd

    rng = np.random.default_rng(seed)
    sample = unit[rng.permutation(len(unit))[:SAMPLE]]
    rank = min(_COMPONENTS, *sample.shape)
    basis = randomized_svd(sample, rank, random_state=seed)[2]
    return unit @ basis.T


def _plane(x: Float[np.ndarray, "n c"]) -> Float[np.ndarray, "n 2"]:
    """The two main components of few vectors."""
    centred = x - x.mean(0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    places = np.zeros((len(x), 2), dtype=np.float32)
    rank = min(2, len(s))
    places[:, :rank] = u[:, :rank] * s[:rank]
    return places


def _umap(x: Float[np.ndarray, "n c"], seed: int) -> Float[np.ndarray, "n 2"]:
    order = np.random.default_rng(seed).permutation(len(x))
    fitted, rest = np.sort(order[:SAMPLE]), np.sort(order[SAMPLE:])
    places = np.empty((len(x), 2), dtype=np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # umap and numba warn of their own defaults
        from umap import UMAP

        mapper = UMAP(
            n_neighbors=min(_NEIGHBOURS, len(fitted) - 1),
            min_dist=0.1,
            metric="cosine",
            init=_start(x[fitted], seed),  # pyright: ignore[reportArgumentType]
            random_state=seed,
            n_jobs=1,
        )
        places[fitted] = mapper.fit_transform(x[fitted])
        if len(rest):
            places[rest] = mapper.transform(x[rest])
    return places


def _start(x: Float[np.ndarray, "n c"], seed: int) -> Float[np.ndarray, "n 2"]:
    """Where UMAP starts: the two main components, each about 10 wide, and a little noise."""
    plane = _plane(x)
    plane *= 10 / max(float(np.abs(plane).max()), 1e-6)
    noise = np.random.default_rng(seed).normal(scale=1e-4, size=plane.shape)
    return (plane + noise).astype(np.float32)


def _scaled(places: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
    """Centred, and with all but outliers within -1 to 1 on either axis, by one factor."""
    centred = places - np.median(places, axis=0)
    size = float(np.quantile(np.abs(centred), 0.995)) or 1.0
    return (centred / size).astype(np.float32)


def _clusters(xy: Float[np.ndarray, "n 2"]) -> Int[np.ndarray, " n"]:
    if len(xy) < FEW:
        return np.full(len(xy), -1, dtype=np.int32)
    size = min(max(5, len(xy) // 250), 200)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(xy))
    fitted = np.sort(order[:SAMPLE])
    found = _density_clusters(xy[fitted], size)
    if len(fitted) == len(xy):
        return found.astype(np.int32)
    from sklearn.neighbors import KNeighborsClassifier

    nearest = KNeighborsClassifier(1).fit(xy[fitted], found)
    return nearest.predict(xy).astype(np.int32)


def _density_clusters(xy: Float[np.ndarray, "n 2"], size: int) -> Int[np.ndarray, " n"]:
    """The most stable clusters; where one of them is most of the map, the leaves of the tree."""
    from sklearn.cluster import HDBSCAN

    found = np.full(len(xy), -1)
    for method in ("eom", "leaf"):
        found = HDBSCAN(
            min_cluster_size=size,
            min_samples=min(5, size),
            cluster_selection_method=method,
            copy=True,  # pyright: ignore[reportArgumentType]
        ).fit_predict(xy)
        if np.bincount(found + 1)[1:].max(initial=0) <= len(xy) / 2:
            break
    return found


def cluster_labels(
    cluster: Int[np.ndarray, " features"], words: Sequence[Sequence[str]], most: int = 3
) -> dict[int, str]:
    """A name for every cluster: the words that its features share and others lack.

    A word's weight is the share of the cluster's features that have it, times the logarithm of
    how much commoner it is there than everywhere.

    Args:
        cluster: of every feature; -1 for none.
        words: of every feature: its label, its tokens.
        most: words of a name.
    """
    everywhere = Counter(word for own in words for word in set(own))
    names: dict[int, str] = {}
    for c in sorted(set(cluster[cluster >= 0].tolist())):
        members = np.flatnonzero(cluster == c).tolist()
        here = Counter(word for i in members for word in set(words[i]))
        weight: dict[str, float] = {}
        for word, count in here.items():
            if count > 1 or len(members) == 1:
                share, rest = count / len(members), everywhere[word] / len(words)
                weight[word] = share * math.log(share / rest)
        best = sorted(weight, key=lambda word: (-weight[word], word))[:most]
        names[c] = " · ".join(word for word in best if weight[word] > 0)
    return names
