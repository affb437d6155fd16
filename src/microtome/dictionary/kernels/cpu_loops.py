"""The loops that numba compiles: one range of rows each, for whoever splits the work.

They are compiled from what they are given; `no_type_check` keeps other decorators off. Sums may
be reordered (fastmath) so that the inner loops use vector units.
"""

from typing import no_type_check

import numpy as np
from numba import njit

_compiled = njit(nogil=True, fastmath={"reassoc", "contract", "nsz"}, cache=True)
"""NaN and infinity keep their meaning: a run that goes wrong must show it."""


@_compiled
@no_type_check
def spmm(offsets, features, values, weight, out, first, width, column, add, start, stop):
    """out[r, column + j] (+)= sum over entries of row r of value * weight[feature, first + j]."""
    for r in range(start, stop):
        e, end = offsets[r], offsets[r + 1]
        target = out[r, column : column + width]
        if not add:
            target[:] = 0
        while e + 4 <= end:
            a, b, c, d = values[e], values[e + 1], values[e + 2], values[e + 3]
            wa = weight[features[e], first : first + width]
            wb = weight[features[e + 1], first : first + width]
            wc = weight[features[e + 2], first : first + width]
            wd = weight[features[e + 3], first : first + width]
            for j in range(width):
                target[j] += a * wa[j] + b * wb[j] + c * wc[j] + d * wd[j]
            e += 4
        while e < end:
            a = values[e]
            wa = weight[features[e], first : first + width]
            for j in range(width):
                target[j] += a * wa[j]
            e += 1


@_compiled
@no_type_check
def sddmm(offsets, features, weight, rows, out, column, start, stop):
    """out[e] = rows[r, column:] . weight[feature of e], for the entries e of every row r."""
    width = weight.shape[1]
    for r in range(start, stop):
        row = rows[r, column : column + width]
        for e in range(offsets[r], offsets[r + 1]):
            w = weight[features[e]]
            total = w.dtype.type(0)
            for j in range(width):
                total += row[j] * w[j]
            out[e] = total


@_compiled
@no_type_check
def by_feature(offsets, features, feature_offsets, rows, order):
    """Counting sort of entries by feature; rows stay in order."""
    feature_offsets[:] = 0
    for e in range(len(features)):
        feature_offsets[features[e] + 1] += 1
    for f in range(1, len(feature_offsets)):
        feature_offsets[f] += feature_offsets[f - 1]
    place = feature_offsets[:-1].copy()
    for r in range(len(offsets) - 1):
        for e in range(offsets[r], offsets[r + 1]):
            at = place[features[e]]
            place[features[e]] += 1
            rows[at] = r
            order[at] = e


_BLOCK = 32
_STRIDES = 16


@_compiled
@no_type_check
def _maxima(row, maxima):
    """Largest of the entries i, i + n, i + 2 n and so on of a row, for the n entries of maxima.

    Groups of neighbours would do as well, but their maxima cannot be found by whole vectors.
    """
    n = len(maxima)
    maxima[:] = row[:n]
    for start in range(n, len(row), n):
        part = row[start : start + n]
        for i in range(len(part)):
            maxima[i] = max(maxima[i], part[i])


@_compiled
@no_type_check
def _count(values, limit):
    n = np.int32(0)
    for i in range(len(values)):
        n += np.int32(values[i] > limit)
    return n


@_compiled
@no_type_check
def _bisect(values, k, low):
    """Two limits, of which at least k and at most k values exceed; one and the same but for ties.

    More than k values exceed `low`. Counting is one vectorised pass, and a handful of passes
    find the k-th largest unless values near it are tied.
    """
    high = values.max()
    for _ in range(64):
        middle = low + (high - low) / 2
        if middle <= low or middle >= high:
            break
        n = _count(values, middle)
        if n == k:
            return middle, middle
        if n > k:
            low = middle
        else:
            high = middle
    return low, high


@_compiled
@no_type_check
def _collect(row, maxima, limit, groups, features, values):
    """Entries of a row above a limit, in order of feature; the number found."""
    hit = 0
    for i in range(len(maxima)):
        if maxima[i] > limit:
            groups[hit] = i
            hit += 1
    n = 0
    for start in range(0, len(row), len(maxima)):
        for g in range(hit):
            j = start + groups[g]
            if j < len(row) and row[j] > limit:
                features[n] = j
                values[n] = row[j]
                n += 1
    return n


@_compiled
@no_type_check
def top_k(pre, k, features, values, counts, start, stop):
    """The k largest positive entries of every row, in order of feature; of tied values the first.

    The k groups with the largest maxima hold at least k entries above the next group's maximum,
    so nothing below that need be looked at.
    """
    f = pre.shape[1]
    maxima = np.empty((f + _STRIDES - 1) // _STRIDES, pre.dtype)
    groups = np.empty(len(maxima), np.int64)
    some_features = np.empty(f, np.int64)
    some_values = np.empty(f, pre.dtype)
    zero = pre.dtype.type(0)
    for r in range(start, stop):
        _maxima(pre[r], maxima)
        limit = _bisect(maxima, k, zero)[0] if _count(maxima, zero) > k else zero
        n = _collect(pre[r], maxima, limit, groups, some_features, some_values)
        found = some_values[:n]
        cut = _bisect(found, k, limit)[1] if n > k else zero
        ties = k - _count(found, cut)
        kept = 0
        for i in range(n):
            value = found[i]
            if value == cut and ties > 0:
                ties -= 1
            elif value <= cut:
                continue
            features[r, kept] = some_features[i]
            values[r, kept] = value
            kept += 1
        counts[r] = kept


@_compiled
@no_type_check
def above(pre, limits, features, values, counts, start, stop):
    """Entries above each feature's limit: counts per row, and the first as many as there is room
    for. A second call with room for all finds them all."""
    f, room = pre.shape[1], features.shape[1]
    for r in range(start, stop):
        row = pre[r]
        n = 0
        for begin in range(0, f, _BLOCK):
            end = min(begin + _BLOCK, f)
            largest = row[begin] - limits[begin]
            for j in range(begin, end):
                largest = max(largest, row[j] - limits[j])
            if largest > 0:
                for j in range(begin, end):
                    if row[j] > limits[j]:
                        if n < room:
                            features[r, n] = j
                            values[r, n] = row[j]
                        n += 1
        counts[r] = n


@_compiled
@no_type_check
def remove_parallel(gradient, weight, start, stop):
    """Take from every row of a gradient its component along the weight's row of norm 1."""
    width = weight.shape[1]
    for r in range(start, stop):
        g, w = gradient[r], weight[r]
        along = w.dtype.type(0)
        for j in range(width):
            along += g[j] * w[j]
        for j in range(width):
            g[j] -= along * w[j]


@_compiled
@no_type_check
def normalise(weight, start, stop):
    """Scale every row to norm 1."""
    width = weight.shape[1]
    for r in range(start, stop):
        w = weight[r]
        total = w.dtype.type(0)
        for j in range(width):
            total += w[j] * w[j]
        scale = w.dtype.type(1) / np.sqrt(total)
        for j in range(width):
            w[j] *= scale
