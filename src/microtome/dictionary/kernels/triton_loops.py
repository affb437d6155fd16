"""EXPERIMENTAL: the loops that Triton compiles. No GPU has run them; see `kernels.triton`.

Each is one program of a grid, named in its docstring. Sums are kept in ACC (float32, or float64
for float64 inputs) whatever the type of what is read, and nothing is added atomically: the same
inputs give the same bits. Matrices are contiguous; offsets and features are int64, so that an
index into a large weight does not wrap. `no_type_check` keeps other decorators off.
"""

from typing import no_type_check

import triton  # pyright: ignore[reportMissingImports]
import triton.language as tl  # pyright: ignore[reportMissingImports]


@triton.jit
@no_type_check
def gather_sum(
    offsets, index, order, values, source, source_width, first, out, out_width, column, width,
    ADD: tl.constexpr, ORDERED: tl.constexpr, ACC: tl.constexpr,
    ENTRIES: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """out[r, column + j] (+)= sum over entries e of row r of value_e * source[index_e, first + j].

    Grid: rows of `out`, blocks of COLUMNS. With ORDERED, entry e has the value at order[e]. It
    decodes (rows are tokens, indices features) and, the other way round, gives weight gradients.
    """
    r = tl.program_id(0).to(tl.int64)
    j = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    inside = j < width
    # one row of sums per place in a tile, added up at the end: many loads are under way at once
    sums = tl.zeros([ENTRIES, COLUMNS], dtype=ACC)
    stop = tl.load(offsets + r + 1)
    for start in range(tl.load(offsets + r), stop, ENTRIES):
        e = start + tl.arange(0, ENTRIES)
        live = e < stop
        i = tl.load(index + e, mask=live, other=0)
        at = tl.load(order + e, mask=live, other=0) if ORDERED else e
        value = tl.load(values + at, mask=live, other=0).to(ACC)
        cells = source + (i * source_width + first)[:, None] + j[None, :]
        block = tl.load(cells, mask=live[:, None] & inside[None, :], other=0).to(ACC)
        sums += value[:, None] * block
    total = tl.sum(sums, axis=0)
    target = out + r * out_width + column + j
    if ADD:
        total += tl.load(target, mask=inside, other=0).to(ACC)
    tl.store(target, total.to(out.dtype.element_ty), mask=inside)


@triton.jit
@no_type_check
def entry_products(
    offsets, features, weight, width, rows, rows_width, column, out,
    ACC: tl.constexpr, ENTRIES: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """out[e] = rows[r, column:] . weight[feature of e], for the entries e of row r.

    Grid: rows.
    """
    r = tl.program_id(0).to(tl.int64)
    stop = tl.load(offsets + r + 1)
    for start in range(tl.load(offsets + r), stop, ENTRIES):
        e = start + tl.arange(0, ENTRIES)
        live = e < stop
        feature = tl.load(features + e, mask=live, other=0)
        sums = tl.zeros([ENTRIES, COLUMNS], dtype=ACC)
        for begin in range(0, width, COLUMNS):
            j = begin + tl.arange(0, COLUMNS)
            inside = j < width
            row = tl.load(rows + r * rows_width + column + j, mask=inside, other=0).to(ACC)
            cells = weight + (feature * width)[:, None] + j[None, :]
            block = tl.load(cells, mask=live[:, None] & inside[None, :], other=0).to(ACC)
            sums += block * row[None, :]
        tl.store(out + e, tl.sum(sums, axis=1).to(out.dtype.element_ty), mask=live)


@triton.jit
@no_type_check
def group_maxima(
    x, weight, bias, out, n, n_features, width, n_groups,
    ACC: tl.constexpr, PRECISION: tl.constexpr, GROUP: tl.constexpr,
    ROWS: tl.constexpr, FEATURES: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """out[r, g] = the largest of x[r] . weight[f] + bias[f] over the GROUP features f of group g.

    Grid: blocks of ROWS (the fastest, so that neighbours share a block of the weight), blocks of
    FEATURES.
    """
    r = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    f = tl.program_id(1).to(tl.int64) * FEATURES + tl.arange(0, FEATURES)
    row_inside, feature_inside = r < n, f < n_features
    pre = tl.zeros([ROWS, FEATURES], dtype=ACC)
    for begin in range(0, width, COLUMNS):
        j = begin + tl.arange(0, COLUMNS)
        inside = j < width
        left = x + (r * width)[:, None] + j[None, :]
        right = weight + (f * width)[None, :] + j[:, None]
        a = tl.load(left, mask=row_inside[:, None] & inside[None, :], other=0)
        b = tl.load(right, mask=feature_inside[None, :] & inside[:, None], other=0)
        pre = tl.dot(a, b, pre, input_precision=PRECISION, out_dtype=ACC)
    pre += tl.load(bias + f, mask=feature_inside, other=0).to(ACC)[None, :]
    pre = tl.where(feature_inside[None, :], pre, float("-inf"))
    largest = tl.max(tl.reshape(pre, [ROWS, FEATURES // GROUP, GROUP]), axis=2)
    g = tl.program_id(1) * (FEATURES // GROUP) + tl.arange(0, FEATURES // GROUP)
    cells = out + (r * n_groups)[:, None] + g[None, :]
    tl.store(cells, largest, mask=row_inside[:, None] & (g < n_groups)[None, :])
