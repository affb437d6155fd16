"""Random windows say truly which features were active in them."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from microtome.atlas.sample import TokenSample
from microtome.atlas.schema import WINDOW_COLUMNS, WINDOWS
from microtome.atlas.windows import read_windows, window_table
from microtome.errors import MicrotomeError

LENGTHS = (16, 11, 3, 16)
WIDTH = 16


def sample_of(rng: np.random.Generator, features: int = 20) -> tuple[TokenSample, np.ndarray]:
    """Rows of various lengths, and the same activations as a dense array."""
    lengths = np.array(LENGTHS)
    inside = np.arange(WIDTH) < lengths[:, None]
    dense = (rng.random((features, len(lengths), WIDTH)) < 0.05) & inside
    flat = dense.reshape(features, -1)
    places = np.concatenate([np.flatnonzero(row) for row in flat])
    offsets = np.concatenate([[0], np.cumsum(flat.sum(1))])
    tokens = np.where(inside, rng.integers(0, 50, inside.shape), -1)
    values = np.ones(len(places), np.float32)
    return TokenSample(tokens, inside, offsets, places, values), dense


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_feature_is_absent_where_it_was_not_active(rng: np.random.Generator, tmp_path: Path):
    sample, dense = sample_of(rng)
    table = window_table(sample, width=5)
    pq.write_table(table, tmp_path / WINDOWS)
    windows = read_windows(tmp_path)
    # three of five tokens in the rows of 16, two in that of 11, what there is in that of 3
    expected = [(0, 0, 5), (0, 5, 10), (0, 10, 15), (1, 0, 5), (1, 5, 10), (2, 0, 3),
                (3, 0, 5), (3, 5, 10), (3, 10, 15)]  # fmt: skip
    assert windows.tokens == [sample.tokens[r, i:j].tolist() for r, i, j in expected]
    seen = 0
    for feature in range(len(dense)):
        active = [dense[feature, r, i:j].any() for r, i, j in expected]
        assert windows.without(feature) == [n for n, on in enumerate(active) if not on]
        seen += sum(active)
    assert seen > 10


def test_the_columns_are_those_of_the_schema(rng: np.random.Generator):
    assert window_table(sample_of(rng)[0], 5).schema.equals(WINDOW_COLUMNS)


def test_no_more_than_asked_for(rng: np.random.Generator):
    sample, _ = sample_of(rng)
    assert len(window_table(sample, 5, limit=4)) == 4
    assert len(window_table(sample, 5, limit=6)) == 6


def test_a_sample_without_rows_has_no_windows(tmp_path: Path):
    none = np.zeros((0, 0), np.int64)
    offsets, empty = np.zeros(4, np.int64), np.zeros(0, np.int64)
    table = window_table(
        TokenSample(none, none.astype(bool), offsets, empty, empty.astype(np.float32)), 5
    )
    assert len(table) == 0
    pq.write_table(table, tmp_path / WINDOWS)
    assert read_windows(tmp_path).without(0) == []


def test_an_atlas_without_windows_is_refused(tmp_path: Path):
    with pytest.raises(MicrotomeError, match=r"windows\.parquet.*build the atlas again"):
        read_windows(tmp_path)
    (tmp_path / WINDOWS).write_bytes(b"PAR1 not really")
    with pytest.raises(MicrotomeError, match=r"windows\.parquet.*build the atlas again"):
        read_windows(tmp_path)
