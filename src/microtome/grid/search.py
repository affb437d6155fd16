"""The set of values, or of pairs of values, that says best where a grid is active.

All searches run over a batch of grids at once: the one in question and its controls. With tp
active cells of the n that a rule names, and P active cells in all, F1 = 2 tp / (n + P). For a set
of groups F1 is largest for the groups whose share of active cells is above some value, so that
trying the groups in order of that share is exact.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

Counts = Float[np.ndarray, "grids groups"]


class Best(NamedTuple):
    """The best rule of every grid."""

    f1: Float[np.ndarray, " grids"]
    kept: Bool[np.ndarray, "grids groups"]


class BestPair(NamedTuple):
    f1: Float[np.ndarray, " grids"]
    rows: Bool[np.ndarray, "grids rows"]
    columns: Bool[np.ndarray, "grids columns"]


_ROUNDS = 8


def best_set(
    active: Counts,
    size: Float[np.ndarray, "_ groups"],
    positive: Float[np.ndarray, " grids"],
    most: int | None = None,
) -> Best:
    """The best set of groups.

    Args:
        active: active cells by group.
        size: cells by group, for all grids (one row) or each.
        positive: active cells in all.
        most: groups of a set, at most.
    """
    size = np.broadcast_to(size, active.shape)
    rate = active / np.maximum(size, 1)
    order = np.argsort(-rate, axis=1, kind="stable")
    tp = np.take_along_axis(active, order, 1).cumsum(1)
    n = np.take_along_axis(size, order, 1).cumsum(1)
    f1 = 2 * tp / np.maximum(n + positive[:, None], 1)
    if most is not None:
        f1 = f1[:, :most]
    at = f1.argmax(1)
    kept = np.zeros(active.shape, bool)
    np.put_along_axis(kept, order, np.arange(active.shape[1])[None] <= at[:, None], 1)
    return Best(f1[np.arange(len(f1)), at], kept)


def best_range(
    active: Counts,
    size: Float[np.ndarray, " groups"],
    positive: Float[np.ndarray, " grids"],
    widths: tuple[int, int],
) -> Best:
    """The best run of neighbouring groups, of a width within bounds."""
    zero = np.zeros((len(active), 1))
    tp, n = np.concatenate([zero, active.cumsum(1)], 1), np.concatenate([[0], size.cumsum()])
    groups = active.shape[1]
    best, kept = np.zeros(len(active)), np.zeros(active.shape, bool)
    for width in range(widths[0], min(widths[1], groups) + 1):
        inside = tp[:, width:] - tp[:, :-width]
        cells = n[width:] - n[:-width]
        f1 = 2 * inside / np.maximum(cells + positive[:, None], 1)
        at = f1.argmax(1)
        found = f1[np.arange(len(f1)), at]
        better = found > best
        best = np.where(better, found, best)
        place = np.arange(groups)[None] - at[:, None]
        kept = np.where(better[:, None], (place >= 0) & (place < width), kept)
    return Best(best, kept)


def best_product(
    active: Float[np.ndarray, "grids rows columns"],
    rows: Float[np.ndarray, " rows"],
    columns: Float[np.ndarray, " columns"],
    positive: Float[np.ndarray, " grids"],
) -> BestPair:
    """A set of rows and a set of columns whose crossing is active: each is the best for the
    other, from several starts.

    Args:
        active: active cells where a row group crosses a column group.
        rows: rows of the grid in each row group; likewise `columns`.
        columns: of each column group.
        positive: active cells in all.
    """
    cells = rows[:, None] * columns[None]
    rate = active / cells
    _, width = rate.shape[1:]
    strongest = rate.reshape(len(rate), -1).argmax(1) % width
    by_column = active.sum(1) / cells.sum(0)
    starts = [
        np.arange(width)[None] == strongest[:, None],
        by_column >= by_column.max(1, keepdims=True) / 2,
    ]
    best: BestPair | None = None
    for start in starts:
        found = _alternate(active, rows, columns, positive, start)
        if best is None:
            best = found
            continue
        better = found.f1 > best.f1
        best = BestPair(
            np.where(better, found.f1, best.f1),
            np.where(better[:, None], found.rows, best.rows),
            np.where(better[:, None], found.columns, best.columns),
        )
    assert best is not None
    return best


def _alternate(active, rows, columns, positive, start) -> BestPair:
    kept_columns = start
    best = None
    for _ in range(_ROUNDS):
        tp = np.einsum("grc,gc->gr", active, kept_columns.astype(float))
        size = rows[None] * (kept_columns * columns).sum(1, keepdims=True)
        by_row = best_set(tp, size, positive)
        tp = np.einsum("grc,gr->gc", active, by_row.kept.astype(float))
        size = columns[None] * (by_row.kept * rows).sum(1, keepdims=True)
        by_column = best_set(tp, size, positive)
        settled = best is not None and np.allclose(best.f1, by_column.f1)
        best = BestPair(by_column.f1, by_row.kept, by_column.kept)
        kept_columns = by_column.kept
        if settled:
            break
    assert best is not None
    return best
