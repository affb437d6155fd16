"""Neighbours against all cosines at once."""

import numpy as np
import torch

from microtome.atlas import neighbours as module
from microtome.atlas.neighbours import neighbours


def test_blocks_find_what_the_whole_matrix_finds(monkeypatch):
    monkeypatch.setattr(module, "_ROWS_AT_ONCE", 7)
    monkeypatch.setattr(module, "_COLUMNS_AT_ONCE", 5)
    x = torch.randn(53, 6)
    unit = x / x.norm(dim=1, keepdim=True)
    cosines = unit @ unit.T
    cosines.fill_diagonal_(-2)
    expected = cosines.topk(9)
    found = neighbours(x, 9)
    assert np.array_equal(found.ids, expected.indices.numpy())
    assert np.allclose(found.cosines, expected.values.numpy(), atol=1e-6)


def test_dead_rows_have_none_and_are_nobodys():
    x = torch.randn(8, 3)
    x[2] = 0
    x[5] = torch.nan
    found = neighbours(x, 7)
    for dead in (2, 5):
        assert (found.ids[dead] == -1).all() and np.isnan(found.cosines[dead]).all()
        assert not (found.ids == dead).any()
    alive = found.ids[[0, 1, 3, 4, 6, 7]]
    assert (alive[:, :5] >= 0).all() and (alive[:, 5:] == -1).all()


def test_few_rows():
    for n in (0, 1):
        found = neighbours(torch.ones(n, 4), 3)
        assert found.ids.shape == (n, 3) and (found.ids == -1).all()
    pair = neighbours(torch.tensor([[1.0, 0.0], [1.0, 1.0]]), 3)
    assert pair.ids[:, 0].tolist() == [1, 0]
    assert np.allclose(pair.cosines[:, 0], 0.5**0.5)


def test_half_precision_is_compared_in_single():
    x = torch.randn(40, 16)
    assert np.array_equal(neighbours(x.half().float(), 3).ids, neighbours(x.half(), 3).ids)
