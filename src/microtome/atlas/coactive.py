"""Features that are active together: cosines of their activations over a sample of tokens."""

from typing import no_type_check

import numpy as np
from jaxtyping import Float, Int
from numba import njit

from microtome.atlas.neighbours import NONE, Neighbours
from microtome.atlas.sample import TokenSample

_FEWEST = 3
"""Tokens that two features must share: below, a large cosine is chance."""


def coactive_neighbours(sample: TokenSample, k: int) -> Neighbours:
    """The k features whose activations on the sample have the largest cosine with each feature's.

    Exact over the sample, by rows of S.T @ S, one feature at a time: memory is that of S. The
    cost is the sum over tokens of the square of active features.

    Args:
        sample: of tokens, with every activation there.
        k: how many to find.
    """
    features = sample.n_features
    places, column = np.unique(sample.places, return_inverse=True)
    ids = np.repeat(np.arange(features, dtype=np.int32), np.diff(sample.offsets))
    order = np.argsort(column, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(column, minlength=len(places)))])
    values = sample.values.astype(np.float32)
    norms = np.sqrt(np.bincount(ids, values.astype(np.float64) ** 2, minlength=features))
    found: Int[np.ndarray, "features k"] = np.full((features, k), NONE, np.int32)
    cosines: Float[np.ndarray, "features k"] = np.full((features, k), np.nan, np.float32)
    if k:
        by_token = (offsets.astype(np.int64), ids[order], values[order])
        by_feature = (sample.offsets.astype(np.int64), column.astype(np.int64), values)
        _nearest(by_feature, by_token, norms.astype(np.float32), _FEWEST, found, cosines)
    return Neighbours(found, cosines)


@njit(nogil=True, cache=True)
@no_type_check
def _nearest(by_feature, by_token, norms, fewest, found, cosines):
    feature_offsets, tokens, values = by_feature
    token_offsets, features, others = by_token
    n = len(found)
    products = np.zeros(n, np.float32)
    shared = np.zeros(n, np.int32)
    touched = np.empty(n, np.int32)
    for f in range(n):
        count = 0
        for e in range(feature_offsets[f], feature_offsets[f + 1]):
            value = values[e]
            for i in range(token_offsets[tokens[e]], token_offsets[tokens[e] + 1]):
                g = features[i]
                if shared[g] == 0:
                    touched[count] = g
                    count += 1
                shared[g] += 1
                products[g] += value * others[i]
        kept = 0
        for i in range(count):
            g = touched[i]
            if g != f and shared[g] >= fewest:
                cosine = min(products[g] / (norms[f] * norms[g]), np.float32(1))
                kept = _insert(found[f], cosines[f], kept, g, cosine)
            products[g] = 0
            shared[g] = 0


@njit(nogil=True, cache=True)
@no_type_check
def _insert(ids, scores, kept, g, score):
    """Put g where it belongs among the k largest, ties by id; how many there are now."""
    k = len(ids)
    at = kept
    while at > 0 and (score > scores[at - 1] or (score == scores[at - 1] and g < ids[at - 1])):
        at -= 1
    if at == k:
        return kept
    for i in range(min(kept, k - 1), at, -1):
        ids[i], scores[i] = ids[i - 1], scores[i - 1]
    ids[at], scores[at] = g, score
    return min(kept + 1, k)
