"""EXPERIMENTAL: the sparse products in Triton, and an encoder that selects while it multiplies.

No GPU has run these kernels. They are tested against `reference` in Triton's interpreter, on a
CPU, and compiled for GPUs, no more; so they are never the default, and run only where a recipe
says `kernels = "triton"`. What would gain little from a kernel of its own is plain torch here.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.dictionary.codes import ByFeature, Codes
from microtome.dictionary.kernels import reference
from microtome.dictionary.kernels.choose import dense_is_faster
from microtome.dictionary.kernels.reference import above, normalise, remove_parallel
from microtome.errors import MicrotomeError

try:
    import triton.language as tl  # pyright: ignore[reportMissingImports]
    from triton import cdiv, next_power_of_2  # pyright: ignore[reportMissingImports]

    from microtome.dictionary.kernels import triton_loops as loops
except ImportError as error:
    raise MicrotomeError(
        "kernels = 'triton' needs Triton, which is not installed; pip install 'microtome[gpu]' "
        "or use kernels = 'auto'"
    ) from error

__all__ = [
    "above",
    "encode_top_k",
    "normalise",
    "remove_parallel",
    "sddmm",
    "spmm",
    "spmm_t",
    "top_k",
]

GROUP = 8
"""Features of which `encode_top_k` writes one maximum. A larger group writes less and computes
more again: F / GROUP numbers a row against k * GROUP products."""

_ENTRIES = 16
"""Entries of a row that are read at once."""


def spmm(
    codes: Codes,
    weight: Float[Tensor, "features m"],
    out: Float[Tensor, "rows wide"],
    column: int = 0,
) -> None:
    if dense_is_faster(codes):
        return reference.spmm(codes, weight, out, column)
    _gather_sum(codes.offsets, codes.features, None, codes.values, weight, 0, out, column)
    return None


def spmm_t(
    codes: Codes,
    rows: Float[Tensor, "rows wide"],
    out: Float[Tensor, "features m"],
    column: int = 0,
) -> None:
    if dense_is_faster(codes):
        return reference.spmm_t(codes, rows, out, column)
    entries = codes.by_feature(_by_feature)
    _gather_sum(entries.offsets, entries.rows, entries.order, codes.values, rows, column, out, None)
    return None


def _gather_sum(
    offsets: Int[Tensor, " targets_plus_one"],
    index: Int[Tensor, " active"],
    order: Int[Tensor, " active"] | None,
    values: Float[Tensor, " active"],
    source: Float[Tensor, "sources m"],
    first: int,
    out: Float[Tensor, "targets wide"],
    column: int | None,
) -> None:
    """Sums of rows of the source, added to `out` from a column on; without one, put in place of
    all of `out`."""
    assert out.is_contiguous(), "kernels write contiguous tensors"
    width = out.shape[1] if column is None else source.shape[1]
    columns = min(128, next_power_of_2(width))
    source = source.contiguous()
    with torch.cuda.device_of(out):
        loops.gather_sum[(len(out), cdiv(width, columns))](
            offsets, index, index if order is None else order, values.contiguous(),
            source, source.shape[1], first, out, out.shape[1], column or 0, width,
            ADD=column is not None, ORDERED=order is not None, ACC=_sums_in(out),
            ENTRIES=_ENTRIES, COLUMNS=columns,
        )  # fmt: skip


def _by_feature(codes: Codes) -> ByFeature:
    """A stable sort, and searches where `Codes` counts: counting makes the host wait."""
    features, order = torch.sort(codes.features, stable=True)
    every = torch.arange(codes.n_features + 1, device=order.device)
    rows = torch.searchsorted(codes.offsets, order, right=True) - 1
    return ByFeature(torch.searchsorted(features, every), rows, order)


def sddmm(
    codes: Codes, weight: Tensor, rows: Float[Tensor, "rows wide"], column: int = 0
) -> Float[Tensor, " active"]:
    if dense_is_faster(codes):
        return reference.sddmm(codes, weight, rows, column)
    out = weight.new_empty(codes.n_active)
    _entry_products(codes.offsets, codes.features, weight, rows, column, out)
    return out


def _entry_products(
    offsets: Int[Tensor, " rows_plus_one"],
    features: Int[Tensor, " active"],
    weight: Float[Tensor, "features m"],
    rows: Float[Tensor, "rows wide"],
    column: int,
    out: Float[Tensor, " active"],
) -> None:
    rows, weight = rows.contiguous(), weight.contiguous()
    columns = min(128, next_power_of_2(weight.shape[1]))
    with torch.cuda.device_of(out):
        loops.entry_products[(len(rows),)](
            offsets, features, weight, weight.shape[1], rows, rows.shape[1], column, out,
            ACC=_sums_in(weight), ENTRIES=_ENTRIES, COLUMNS=columns,
        )  # fmt: skip


def top_k(pre: Float[Tensor, "rows features"], k: int) -> Codes:
    """Torch's own selection, which takes no guess; only what it keeps is looked at again."""
    values, features = pre.topk(min(k, pre.shape[1]), dim=1, sorted=False)
    features, order = features.sort(dim=1)
    values = values.gather(1, order)
    kept = values > 0
    return Codes(pre.shape[1], _offsets(kept.sum(1)), features[kept], values[kept])


def encode_top_k(
    x: Float[Tensor, "rows d_read"],
    weight: Float[Tensor, "features d_read"],
    bias: Float[Tensor, " features"],
    k: int,
) -> Codes:
    """The k largest positive entries of x @ weight.T + bias in every row; the [rows, features]
    matrix is never written.

    The dense product is computed tile by tile, and of every GROUP neighbouring features only the
    largest is written. The k largest of a row lie in the k groups with the largest maxima: for an
    entry outside of them there are k others, one in each, at least as large. The entries of those
    groups are computed again, one dot product each, and the k largest of them kept.

    Memory, per row: features / GROUP maxima in float32, and about 40 bytes for each of k * GROUP
    candidates; at 16,384 features and k = 32 that is 18 KB, where the matrix has 64 KB. Cost: one
    dense product and k * GROUP / features of it again (1/64 there) as gathered dot products, which
    read the k groups' weights for each row.

    A group is chosen by the tile's sums and a value is the dot product's: where pre-activations
    are equal but for rounding, either may be kept. Values that are not a number are not kept.
    """
    n, f = len(x), len(weight)
    maxima = _group_maxima(x, weight, bias)
    best = maxima.topk(min(k, maxima.shape[1]), dim=1, sorted=False).indices.sort(dim=1).values
    candidates = (best[:, :, None] * GROUP + torch.arange(GROUP, device=x.device)).flatten(1)
    inside, candidates = candidates < f, candidates.clamp(max=f - 1)
    # kept in float32 until the selection is made: rounded to bfloat16, many would be equal
    products = torch.empty(candidates.shape, dtype=maxima.dtype, device=x.device)
    offsets = torch.arange(n + 1, device=x.device) * candidates.shape[1]
    _entry_products(offsets, candidates.flatten(), weight, x, 0, products.view(-1))
    # the last group may be short
    pre = (products + bias[candidates]).where(inside, products.new_zeros(()))
    found = top_k(pre, k)
    features = candidates[found.rows(), found.features]
    return Codes(f, found.offsets, features, found.values.to(weight.dtype))


def _group_maxima(
    x: Float[Tensor, "rows d_read"],
    weight: Float[Tensor, "features d_read"],
    bias: Float[Tensor, " features"],
) -> Float[Tensor, "rows groups"]:
    n, f = len(x), len(weight)
    n_groups = cdiv(f, GROUP)
    wide = weight.dtype == torch.float64
    out = x.new_empty(n, n_groups, dtype=torch.float64 if wide else torch.float32)
    rows, features, columns = (32, 32, 16) if wide else (64, 128, 32)
    exact = torch.get_float32_matmul_precision() == "highest"
    with torch.cuda.device_of(out):
        loops.group_maxima[(cdiv(n, rows), cdiv(f, features))](
            x.contiguous(), weight.contiguous(), bias, out, n, f, weight.shape[1], n_groups,
            ACC=_sums_in(weight), PRECISION="ieee" if exact else "tf32", GROUP=GROUP,
            ROWS=rows, FEATURES=features, COLUMNS=columns,
            num_warps=8,  # pyright: ignore[reportCallIssue]
        )  # fmt: skip
    return out


def _sums_in(of: Tensor) -> tl.dtype:
    """Sums are kept in float32 even of 16-bit numbers, and in float64 of float64."""
    return tl.float64 if of.dtype == torch.float64 else tl.float32


def _offsets(counts: Int[Tensor, " rows"]) -> Int[Tensor, " rows_plus_one"]:
    return torch.cat([counts.new_zeros(1), counts.cumsum(0)])
