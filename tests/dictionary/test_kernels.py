"""The compiled kernels are the plain ones, for sparse and for dense codes."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from microtome.dictionary import Codes
from microtome.dictionary.kernels import kernels_for
from microtome.errors import MicrotomeError

FAST, PLAIN = kernels_for("cpu", "cpu"), kernels_for("cpu", "reference")
ROWS, FEATURES, WIDTH = 33, 200, 17


def codes(share: float, dtype: torch.dtype) -> Codes:
    generator = torch.Generator().manual_seed(int(share * 100))
    dense = torch.randn(ROWS, FEATURES, generator=generator, dtype=dtype)
    mask = torch.rand(ROWS, FEATURES, generator=generator) < share
    mask[3] = False  # a row, and below a feature, without an entry
    mask[:, 5] = False
    return Codes.from_mask(dense, mask)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.04, 0.3, 1.0])
@pytest.mark.parametrize("column", [0, 4])
def test_products(share: float, dtype: torch.dtype, column: int):
    of = codes(share, dtype)
    weight = torch.randn(FEATURES, WIDTH, dtype=dtype)
    rows = torch.randn(ROWS, WIDTH + 2 * column, dtype=dtype)
    for kernel in (FAST, PLAIN):
        out = rows.clone()
        kernel.spmm(of, weight, out, column)
        expected = rows.clone()
        expected[:, column : column + WIDTH] += of.dense() @ weight
        assert torch.allclose(out, expected, atol=1e-4)
        values = kernel.sddmm(of, weight, rows, column)
        wide = (rows[:, column : column + WIDTH] @ weight.T)[of.rows(), of.features]
        assert torch.allclose(values, wide, atol=1e-4)
        gradient = torch.full((FEATURES, WIDTH), 7.0, dtype=dtype)
        kernel.spmm_t(of, rows, gradient, column)
        expected = of.dense().T @ rows[:, column : column + WIDTH]
        assert torch.allclose(gradient, expected, atol=1e-4)


@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(1, 9),
    features=st.integers(1, 300),
    k=st.integers(1, 40),
    levels=st.integers(2, 1000),
)
@settings(max_examples=150)
def test_top_k_whatever_the_ties(seed, rows, features, k, levels):
    generator = torch.Generator().manual_seed(seed)
    pre = torch.randn(rows, features, generator=generator)
    pre = (pre * levels / 10).round() / (levels / 10)  # few levels: many ties
    found = FAST.top_k(pre, min(k, features))
    plain = PLAIN.top_k(pre, min(k, features))
    assert torch.equal(found.offsets, plain.offsets)
    # of tied values any may be kept; the values are the same
    for r in range(rows):
        part = slice(int(found.offsets[r]), int(found.offsets[r + 1]))
        assert torch.equal(found.values[part].sort().values, plain.values[part].sort().values)
        assert torch.equal(pre[r, found.features[part]], found.values[part])
        assert (found.features[part].diff() > 0).all()


def test_nothing_to_choose_from():
    for kernel in (FAST, PLAIN):
        found = kernel.top_k(torch.empty(4, 0), 3)
        assert found.offsets.tolist() == [0] * 5
        assert found.n_active == 0


@pytest.mark.parametrize("limit", [0.0, 1.5, 9.0, "each"])
def test_above(limit):
    pre = torch.randn(ROWS, 700)
    limits = torch.rand(700) * 2 if limit == "each" else limit
    found, plain = FAST.above(pre, limits), PLAIN.above(pre, limits)
    for name in ("offsets", "features", "values"):
        assert torch.equal(getattr(found, name), getattr(plain, name))


def test_rows_of_unit_norm():
    for kernel in (FAST, PLAIN):
        weight, gradient = torch.randn(50, 9), torch.randn(50, 9)
        kernel.normalise(weight)
        assert torch.allclose(weight.norm(dim=1), torch.ones(50), atol=1e-6)
        kernel.remove_parallel(gradient, weight)
        assert torch.allclose((gradient * weight).sum(1), torch.zeros(50), atol=1e-5)


def test_entries_are_sorted_once_for_all_values():
    of = codes(0.02, torch.float32)
    first = of.by_feature()
    assert of.with_values(of.values * 2).by_feature() is first
    assert torch.equal(of.features[first.order], of.features.sort(stable=True).values)


def test_nan_is_not_lost():
    of = codes(0.02, torch.float32)
    weight = torch.full((FEATURES, WIDTH), float("nan"))
    out = torch.zeros(ROWS, WIDTH)
    FAST.spmm(of, weight, out)
    assert out.isnan().any()


def test_kernels_of_another_device_are_refused():
    with pytest.raises(MicrotomeError, match="triton kernels do not run on cpu"):
        kernels_for("cpu", "triton")
