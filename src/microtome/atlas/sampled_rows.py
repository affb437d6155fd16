"""Whole rows drawn from the corpus, with every activation on them."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from microtome.atlas.candidates_loops import mix
from microtome.atlas.sample import TokenSample

_ROWS_KEY = 0x726F7773
_COMPACT_AT = 1.5
"""How far over its limit the sample may grow before it is cut: each cut sorts it."""


class SampledRow(NamedTuple):
    """One row of tokens; its activations in order of position."""

    key: int
    tokens: Int[np.ndarray, " position"]
    counts: Bool[np.ndarray, " position"]
    positions: Int[np.ndarray, " active"]
    features: Int[np.ndarray, " active"]
    """Ids, rising through the encoders."""
    values: Float[np.ndarray, " active"]


@dataclass
class SampledRows:
    """The rows with the smallest hashes: as many as hold so many tokens and activations together.

    What is cut off once would be cut off later too, so neither order nor number of processes
    matters.
    """

    tokens: int
    """At most."""
    activations: int
    """At most."""
    seed: int = 0
    rows: list[SampledRow] = field(default_factory=list)
    _limit: int = 1 << 64
    _held: int = 0
    """Tokens of the rows."""
    _active: int = 0

    def wants(self, place: int) -> int | None:
        """The hash of a row by the place of its first token, or None where it is too large."""
        key = row_key(self.seed, place)
        return key if key < self._limit else None

    def add(self, row: SampledRow) -> None:
        self.rows.append(row)
        self._held += len(row.tokens)
        self._active += len(row.features)
        if self._held > _COMPACT_AT * self.tokens or self._active > _COMPACT_AT * self.activations:
            self.cut()

    def cut(self) -> None:
        """Leave out what is over the limits."""
        self.rows.sort(key=lambda row: row.key)
        held = np.cumsum([len(row.tokens) for row in self.rows])
        active = np.cumsum([len(row.features) for row in self.rows])
        n = int(((held <= self.tokens) & (active <= self.activations)).sum())
        if n < len(self.rows):
            self._limit = self.rows[n].key
            del self.rows[n:]
        self._held = int(held[n - 1]) if n else 0
        self._active = int(active[n - 1]) if n else 0

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The sample, cut, as flat arrays for a checkpoint."""
        self.cut()
        return {
            "rows.key": np.array([row.key for row in self.rows], np.uint64),
            "rows.length": np.array([len(row.tokens) for row in self.rows], np.int64),
            "rows.active": np.array([len(row.features) for row in self.rows], np.int64),
            "rows.tokens": _joined([row.tokens for row in self.rows], np.int32),
            "rows.counts": _joined([row.counts for row in self.rows], np.bool_),
            "rows.positions": _joined([row.positions for row in self.rows], np.int32),
            "rows.features": _joined([row.features for row in self.rows], np.int32),
            "rows.values": _joined([row.values for row in self.rows], np.float32),
        }

    def add_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        """Take the rows of a checkpoint, this process's or another's."""
        token = np.concatenate([[0], np.cumsum(arrays["rows.length"])])
        entry = np.concatenate([[0], np.cumsum(arrays["rows.active"])])
        for i, key in enumerate(arrays["rows.key"]):
            at, of = slice(token[i], token[i + 1]), slice(entry[i], entry[i + 1])
            self.add(
                SampledRow(
                    int(key),
                    arrays["rows.tokens"][at].copy(),
                    arrays["rows.counts"][at].copy(),
                    arrays["rows.positions"][of].copy(),
                    arrays["rows.features"][of].copy(),
                    arrays["rows.values"][of].copy(),
                )
            )
        self.cut()

    def by_feature(self, features: int) -> TokenSample:
        """The sample with its activations feature by feature."""
        self.cut()
        width = max((len(row.tokens) for row in self.rows), default=0)
        tokens = np.full((len(self.rows), width), -1, np.int32)
        counts = np.zeros((len(self.rows), width), bool)
        for i, row in enumerate(self.rows):
            tokens[i, : len(row.tokens)], counts[i, : len(row.tokens)] = row.tokens, row.counts
        ids = _joined([row.features for row in self.rows], np.int32)
        places = _joined(
            [row.positions + np.int64(i * width) for i, row in enumerate(self.rows)], np.int64
        )
        values = _joined([row.values for row in self.rows], np.float32)
        order = np.lexsort((places, ids))
        offsets = np.concatenate([[0], np.cumsum(np.bincount(ids, minlength=features))])
        return TokenSample(tokens, counts, offsets, places[order], values[order])


def row_key(seed: int, place: int) -> int:
    return int(mix(np.uint64(int(mix(np.uint64(seed ^ _ROWS_KEY))) ^ place)))


def _joined(parts: list[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate(parts).astype(dtype, copy=False) if parts else np.zeros(0, dtype)
