"""The sparse products compiled for the CPU by numba, split over torch's number of threads.

Threads come from a pool of our own and the loops run without Python's lock: numba's own
threading layers either forbid calls from two threads or fight torch's threads for the cores.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from microtome.dictionary.codes import ByFeature, Codes
from microtome.dictionary.kernels import cpu_loops as loops
from microtome.dictionary.kernels import reference
from microtome.dictionary.kernels.choose import as_float, dense_is_faster


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    # by process: threads do not survive a fork
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="microtome-kernel")


def _run(loop: Callable, ends: list[int], *arguments) -> None:
    """Run a loop over the ranges between the ends, each on its own thread."""
    first, *others = pairwise(ends)
    pool = _pool(os.getpid())
    futures = [pool.submit(loop, *arguments, *part) for part in others]
    loop(*arguments, *first)
    for future in futures:
        future.result()


def _evenly(n: int) -> list[int]:
    """Ends of as many ranges of 0..n as torch has threads."""
    parts = max(min(torch.get_num_threads(), n), 1)
    return [n * i // parts for i in range(parts + 1)]


def _by_entries(offsets: Tensor) -> list[int]:
    """Ends of ranges of rows with equally many entries: features follow a power law."""
    n, parts = len(offsets) - 1, torch.get_num_threads()
    wanted = torch.arange(1, parts) * int(offsets[-1]) // parts
    return [0, *torch.searchsorted(offsets, wanted).clamp(max=n).tolist(), n]


def spmm(
    codes: Codes,
    weight: Float[Tensor, "features m"],
    out: Float[Tensor, "rows wide"],
    column: int = 0,
) -> None:
    if dense_is_faster(codes):
        return reference.spmm(codes, weight, out, column)
    arrays = _arrays(codes.offsets, codes.features, codes.values, weight, out)
    width = weight.shape[1]
    _run(loops.spmm, _by_entries(codes.offsets), *arrays, 0, width, column, True)
    return None


def sddmm(
    codes: Codes, weight: Tensor, rows: Float[Tensor, "rows wide"], column: int = 0
) -> Float[Tensor, " active"]:
    if dense_is_faster(codes):
        return reference.sddmm(codes, weight, rows, column)
    out = weight.new_empty(codes.n_active)
    arrays = _arrays(codes.offsets, codes.features, weight, rows, out)
    _run(loops.sddmm, _by_entries(codes.offsets), *arrays, column)
    return out


def spmm_t(
    codes: Codes,
    rows: Float[Tensor, "rows wide"],
    out: Float[Tensor, "features m"],
    column: int = 0,
) -> None:
    if dense_is_faster(codes):
        return reference.spmm_t(codes, rows, out, column)
    by_feature = codes.by_feature(_by_feature)
    values = codes.values[by_feature.order]
    arrays = _arrays(by_feature.offsets, by_feature.rows, values, rows, out)
    _run(loops.spmm, _by_entries(by_feature.offsets), *arrays, column, out.shape[1], 0, False)
    return None


def _by_feature(codes: Codes) -> ByFeature:
    n = codes.n_active
    offsets = torch.empty(codes.n_features + 1, dtype=torch.long)
    rows, order = torch.empty(n, dtype=torch.long), torch.empty(n, dtype=torch.long)
    loops.by_feature(*_arrays(codes.offsets, codes.features, offsets, rows, order))
    return ByFeature(offsets, rows, order)


def top_k(pre: Float[Tensor, "rows features"], k: int) -> Codes:
    n, f = pre.shape
    if f == 0:
        return reference.top_k(pre, k)
    k = min(k, f)
    features = torch.empty(n, k, dtype=torch.long)
    values = pre.new_empty(n, k)
    counts = torch.empty(n, dtype=torch.long)
    _run(loops.top_k, _evenly(n), *_arrays(pre), k, *_arrays(features, values, counts))
    offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    if int(offsets[-1]) < n * k:
        kept = torch.arange(k) < counts[:, None]
        return Codes(f, offsets, features[kept], values[kept])
    return Codes(f, offsets, features.flatten(), values.flatten())


def above(
    pre: Float[Tensor, "rows features"], threshold: Float[Tensor, " features"] | float
) -> Codes:
    n, f = pre.shape
    one = as_float(threshold)
    if one is None:
        assert isinstance(threshold, Tensor)
        limits = threshold.to(pre.dtype).contiguous()
    else:
        limits = pre.new_full((f,), one)
    counts = torch.empty(n, dtype=torch.long)
    room = min(f, 256)
    while True:
        features = torch.empty(n, room, dtype=torch.long)
        values = pre.new_empty(n, room)
        _run(loops.above, _evenly(n), *_arrays(pre, limits, features, values, counts))
        most = int(counts.max()) if n else 0
        if most <= room:
            break
        room = most
    offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    kept = torch.arange(room) < counts[:, None]
    return Codes(f, offsets, features[kept], values[kept])


def remove_parallel(gradient: Float[Tensor, "n m"], weight: Float[Tensor, "n m"]) -> None:
    _run(loops.remove_parallel, _evenly(len(weight)), *_arrays(gradient, weight))


def normalise(weight: Float[Tensor, "n m"]) -> None:
    _run(loops.normalise, _evenly(len(weight)), *_arrays(weight))


def _arrays(*tensors: Tensor) -> list[np.ndarray]:
    """The tensors' memory as arrays; a tensor that is not contiguous would be copied, and what
    is written to the copy lost, so it is refused."""
    arrays = []
    for tensor in tensors:
        assert tensor.is_contiguous(), "kernels read and write contiguous tensors"
        arrays.append(tensor.detach().numpy())
    return arrays
