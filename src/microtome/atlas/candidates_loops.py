"""The loops that numba compiles: activations in order of feature, offered to what is kept.

`no_type_check` keeps other decorators off. Features are independent, so a range of them may run
on each thread. What is kept comes as plain tuples, in the order of the fields in `candidates`:
numba's cache on disk could not be read any more after a named tuple has changed.
"""

from typing import no_type_check

import numpy as np
from numba import njit

_compiled = njit(nogil=True, cache=True)

BINS, FIRST_BIN = 192, (127 - 24) * 4
"""Bins of the histogram: a quarter of an octave each, from 2^-24 to 2^24. The number of a bin is
that of the float32's exponent and first two bits behind it, less `FIRST_BIN`."""

_A, _B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)


@_compiled
@no_type_check
def mix(x):
    """SplitMix64 (Steele et al. 2014): a hash of 64 bits."""
    z = np.uint64(x) + _GOLDEN
    z = (z ^ (z >> _S30)) * _A
    z = (z ^ (z >> _S27)) * _B
    return z ^ (z >> _S31)


@_compiled
@no_type_check
def place_key(key, place):
    """Hash of a place under the key of a feature."""
    return mix(key ^ mix(np.uint64(place)))


@_compiled
@no_type_check
def collect(entries, part, first_id, seed, candidates, start, stop):
    """Offer the activations of features start to stop, on one forward pass, to what is kept.

    entries: offsets of features, then flat token index, value and its bits of every activation.
    part: number, tokens, documents, bucket of every position, length of rows; window before and
    after.
    """
    offsets, places, values, bits = entries
    number, tokens, _, buckets, length, _, _ = part
    totals, sample, banded, top = candidates
    counts, sums, maxima, histogram, positions = totals
    sample_limit, banded_limit = sample[1], banded[2]
    for f in range(start, stop):
        first, last = offsets[f], offsets[f + 1]
        if first == last:
            continue
        feature = first_id + f
        key = mix(np.uint64(seed) ^ mix(np.uint64(feature)))
        best = first
        for e in range(first, last):
            at, value = places[e], values[e]
            counts[feature] += 1
            sums[feature] += value
            maxima[feature] = max(maxima[feature], value)
            bin_ = min(max((bits[e] >> 21) - FIRST_BIN, 0), BINS - 1)
            histogram[feature, bin_] += 1
            positions[feature, buckets[at % length]] += 1
            place = (np.int64(number) << 32) | at
            hashed = place_key(key, place)
            if hashed < sample_limit[feature]:
                previous = tokens[at - 1] if at % length else -1
                keep_sample(sample, feature, hashed, value, tokens[at], previous)
            if hashed < banded_limit[feature]:
                slot = free_slot(banded[0], banded[2], banded[3], feature, hashed)
                write_example(entries, part, banded, feature, slot, hashed, e, first, last)
            if at // length != places[best] // length:  # one example a row: its largest
                _offer(entries, part, top, feature, best, first, last)
                best = e
            elif value > values[best]:
                best = e
        _offer(entries, part, top, feature, best, first, last)


@_compiled
@no_type_check
def keep_sample(sample, feature, key, value, token, previous):
    """Put an activation into a sample, in place of that with the largest hash if it is full."""
    filled, limit, keys, values, tokens, befores = sample
    slot = free_slot(filled, limit, keys, feature, key)
    values[feature, slot] = value
    tokens[feature, slot] = token
    befores[feature, slot] = previous


@_compiled
@no_type_check
def free_slot(filled, limit, all_keys, feature, key):
    """Where an activation with this hash goes, which is below the limit; sets key and limit."""
    keys = all_keys[feature]
    n, kept = filled[feature], len(keys)
    if n < kept:
        slot = n
        filled[feature] = n + 1
    else:
        slot = np.argmax(keys)
    keys[slot] = key
    if filled[feature] == kept:
        limit[feature] = keys.max()
    return slot


@_compiled
@no_type_check
def _offer(entries, part, top, feature, e, first, last):
    value = entries[2][e]
    if value < top[1][feature]:
        return
    key = _window_key(part, entries[1][e])
    place = (np.int64(part[0]) << 32) | entries[1][e]
    slot = top_slot(top, feature, key, value, place)
    if slot >= 0:
        write_example(entries, part, top, feature, slot, key, e, first, last)
        top[1][feature] = lowest(top, feature)


@_compiled
@no_type_check
def top_slot(top, feature, key, value, place):
    """Where a window goes among the largest; -1 where others are larger, or the same window is.

    The largest of every group of equal windows are kept; ties go to the earlier place. So what
    is kept in the end does not depend on the order of offers.
    """
    filled, keys, values, places = top[0], top[3], top[4], top[5]
    n, kept = filled[feature], keys.shape[1]
    for i in range(n):
        if keys[feature, i] == key:
            return i if _before(value, place, top, feature, i) else -1
    if n < kept:
        filled[feature] = n + 1
        return n
    worst = 0
    for i in range(1, n):
        if _before(values[feature, worst], places[feature, worst], top, feature, i):
            worst = i
    return worst if _before(value, place, top, feature, worst) else -1


@_compiled
@no_type_check
def _before(value, place, top, feature, i):
    other = top[4][feature, i]
    return value > other or (value == other and place < top[5][feature, i])


@_compiled
@no_type_check
def lowest(top, feature):
    """Activations below need not be offered."""
    values = top[4][feature]
    return np.float32(0) if top[0][feature] < len(values) else values.min()


@_compiled
@no_type_check
def _window(part, at):
    """First and last token of the window around a token, as flat indices."""
    length, before, after = part[4], part[5], part[6]
    row = at // length * length
    return max(at - before, row), min(at + after, row + length - 1)


@_compiled
@no_type_check
def _window_key(part, at):
    tokens = part[1]
    begin, end = _window(part, at)
    key = mix(np.uint64(at - begin))
    for i in range(begin, end + 1):
        key = mix(key ^ np.uint64(tokens[i]))
    return key


@_compiled
@no_type_check
def write_example(entries, part, examples, feature, slot, key, e, first, last):
    """Write the text around activation e, and the feature's activations on it."""
    _, places, values, _ = entries
    number, tokens, documents, _, length, _, _ = part
    _, _, _, keys, peaks, where, sources, positions, peak, lengths, texts, activations = examples
    at = places[e]
    begin, end = _window(part, at)
    keys[feature, slot] = key
    peaks[feature, slot] = values[e]
    where[feature, slot] = (np.int64(number) << 32) | at
    sources[feature, slot] = documents[at]
    positions[feature, slot] = begin % length
    peak[feature, slot] = at - begin
    lengths[feature, slot] = end - begin + 1
    texts[feature, slot, : end - begin + 1] = tokens[begin : end + 1]
    shown = activations[feature, slot]
    shown[:] = 0
    i = e
    while i >= first and places[i] >= begin:
        shown[places[i] - begin] = values[i]
        i -= 1
    i = e + 1
    while i < last and places[i] <= end:
        shown[places[i] - begin] = values[i]
        i += 1


@_compiled
@no_type_check
def merge(into, other, start, stop):
    """Offer what another process kept of features start to stop."""
    totals, sample, banded, top = into
    others, their_sample, their_banded, their_top = other
    for feature in range(start, stop):
        _merge_totals(totals, others, feature)
        filled, _, keys, values, tokens, befores = their_sample
        for i in range(filled[feature]):
            if keys[feature, i] < sample[1][feature]:
                value, token = values[feature, i], tokens[feature, i]
                keep_sample(sample, feature, keys[feature, i], value, token, befores[feature, i])
        keys = their_banded[3]
        for i in range(their_banded[0][feature]):
            if keys[feature, i] < banded[2][feature]:
                slot = free_slot(banded[0], banded[2], banded[3], feature, keys[feature, i])
                _copy_example(banded, their_banded, feature, slot, i)
        keys, values, places = their_top[3], their_top[4], their_top[5]
        for i in range(their_top[0][feature]):
            key, value, place = keys[feature, i], values[feature, i], places[feature, i]
            slot = top_slot(top, feature, key, value, place)
            if slot >= 0:
                _copy_example(top, their_top, feature, slot, i)
        top[1][feature] = lowest(top, feature)


@_compiled
@no_type_check
def _merge_totals(into, other, feature):
    into[0][feature] += other[0][feature]
    into[1][feature] += other[1][feature]
    into[2][feature] = max(into[2][feature], other[2][feature])
    into[3][feature] += other[3][feature]
    into[4][feature] += other[4][feature]


@_compiled
@no_type_check
def _copy_example(into, other, feature, slot, i):
    _, _, _, keys, values, places, documents, positions, peaks, lengths, tokens, shown = into
    _, _, _, key, value, place, document, position, peak, length, text, activation = other
    keys[feature, slot] = key[feature, i]
    values[feature, slot] = value[feature, i]
    places[feature, slot] = place[feature, i]
    documents[feature, slot] = document[feature, i]
    positions[feature, slot] = position[feature, i]
    peaks[feature, slot] = peak[feature, i]
    lengths[feature, slot] = length[feature, i]
    tokens[feature, slot] = text[feature, i]
    shown[feature, slot] = activation[feature, i]
