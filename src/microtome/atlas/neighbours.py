"""Nearest features by cosine: exact, and in blocks, so that memory stays small."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

_ROWS_AT_ONCE, _COLUMNS_AT_ONCE = 1024, 16384
NONE = -1


class Neighbours(NamedTuple):
    """Of every row, its nearest others, nearest first."""

    ids: Int[np.ndarray, "rows k"]
    """Rows; -1 behind the last where there are fewer than k."""
    cosines: Float[np.ndarray, "rows k"]
    """NaN where there is none."""


@torch.no_grad()
def neighbours(
    vectors: Float[Tensor, "rows d"], k: int, device: torch.device | str | None = None
) -> Neighbours:
    """The k nearest rows of every row by cosine, itself left out.

    Rows that are zero or not finite (dead features) have no neighbours and are nobody's. Exact:
    all pairs are compared, a block of rows with a block of columns at a time, so that memory is
    that of the vectors and one block of cosines.

    Args:
        vectors: one a row.
        k: how many to find.
        device: where to compute; where the vectors are by default.
    """
    n = len(vectors)
    ids = np.full((n, k), NONE, dtype=np.int32)
    cosines = np.full((n, k), np.nan, dtype=np.float32)
    norms = torch.linalg.vector_norm(vectors.float(), dim=1)
    alive = (norms.isfinite() & (norms > 0)).nonzero()[:, 0]
    if len(alive) < 2 or k < 1:
        return Neighbours(ids, cosines)
    target = vectors.device if device is None else torch.device(device)
    unit = (vectors[alive].float() / norms[alive, None]).to(target)
    found = min(k, len(alive) - 1)
    names = alive.to("cpu", torch.int32).numpy()
    for start in range(0, len(alive), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        values, at = _nearest(unit, part, found)
        rows = names[part]
        ids[rows, :found] = names[at.cpu().numpy()]
        cosines[rows, :found] = values.clamp(-1, 1).cpu().numpy()
    return Neighbours(ids, cosines)


def _nearest(
    unit: Float[Tensor, "rows d"], part: slice, k: int
) -> tuple[Float[Tensor, "part k"], Int[Tensor, "part k"]]:
    """The k largest cosines of some rows with all others, merged over blocks of columns."""
    own = unit[part]
    at_self = torch.arange(len(own), device=unit.device) + part.start
    best = own.new_full((len(own), k), -torch.inf)
    place = torch.zeros_like(best, dtype=torch.long)
    for start in range(0, len(unit), _COLUMNS_AT_ONCE):
        cosines = own @ unit[start : start + _COLUMNS_AT_ONCE].T
        here = (at_self >= start) & (at_self < start + cosines.shape[1])
        cosines[here.nonzero()[:, 0], at_self[here] - start] = -torch.inf
        top = cosines.topk(min(k, cosines.shape[1]))
        merged = torch.cat([best, top.values], 1)
        best, order = merged.topk(k)
        place = torch.cat([place, top.indices + start], 1).gather(1, order)
    return best, place
