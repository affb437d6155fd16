"""Random windows of the corpus with the features that were active in them: what a feature is
compared with when an explanation of it is scored."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Int

from microtome.atlas.sample import TokenSample
from microtome.atlas.schema import WINDOW_COLUMNS, WINDOWS
from microtome.errors import MicrotomeError

MAX_WINDOWS = 512


@dataclass(frozen=True)
class Windows:
    """Windows drawn from the corpus without regard to any feature."""

    tokens: list[list[int]]
    """Ids of tokens, by window."""
    features: Int[np.ndarray, " active"]
    """Ids of features, rising."""
    windows: Int[np.ndarray, " active"]
    """The window in which the feature was active, on one token or more."""

    def without(self, feature: int) -> list[int]:
        """Windows in which a feature, by its id, was active on no token."""
        first, last = np.searchsorted(self.features, [feature, feature + 1])
        active = set(self.windows[first:last].tolist())
        return [window for window in range(len(self.tokens)) if window not in active]


def window_table(sample: TokenSample, width: int, limit: int = MAX_WINDOWS) -> pa.Table:
    """Windows of whole rows of a sample that do not overlap, spread over the rows, as a table.

    Args:
        sample: rows drawn from the corpus, and every activation on them.
        width: tokens of a window, at most.
        limit: windows, at most.
    """
    places = list(_spread(sample, width, limit))
    window_of = np.full(sample.tokens.size, -1, np.int64)
    for number, (row, start, stop) in enumerate(places):
        base = row * sample.tokens.shape[1]
        window_of[base + start : base + stop] = number
    ids = np.repeat(np.arange(sample.n_features), np.diff(sample.offsets))
    inside = window_of[sample.places]
    pairs = np.unique(np.stack([inside, ids])[:, inside >= 0], axis=1)
    offsets = np.searchsorted(pairs[0], np.arange(len(places) + 1))
    return pa.table(
        {
            "window": np.arange(len(places), dtype=np.int32),
            "position": np.array([start for _, start, _ in places], np.int32),
            "tokens": [sample.tokens[row, start:stop].tolist() for row, start, stop in places],
            "active": pa.ListArray.from_arrays(
                pa.array(offsets.astype(np.int32)), pa.array(pairs[1].astype(np.int32))
            ),
        },
        schema=WINDOW_COLUMNS,
    )


def _spread(sample: TokenSample, width: int, limit: int) -> Iterator[tuple[int, int, int]]:
    """Row, first token and end of every window: as many of each row, at an even distance."""
    rows, _ = sample.tokens.shape
    lengths = (sample.tokens >= 0).sum(1)
    per_row = -(-limit // max(rows, 1))
    left = limit
    for row, length in enumerate(lengths.tolist()):
        fitting = min(per_row, max(length // width, 1), left) if length else 0
        step = length // max(fitting, 1)
        for i in range(fitting):
            yield row, i * step, min(i * step + width, length)
        left -= fitting


def read_windows(atlas: Path) -> Windows:
    """The windows of an atlas.

    Raises:
        MicrotomeError: it has none, or they cannot be read.
    """
    path = atlas / WINDOWS
    try:
        table = pq.read_table(path, columns=["tokens", "active"])
    except (OSError, pa.ArrowException) as error:
        raise MicrotomeError(f"{path} cannot be read: {error}; build the atlas again") from error
    active = table["active"].combine_chunks()
    ids = active.flatten().to_numpy(zero_copy_only=False)
    window = np.repeat(np.arange(len(table)), active.value_lengths().to_numpy())
    order = np.lexsort((window, ids))
    return Windows(table["tokens"].to_pylist(), ids[order], window[order])
