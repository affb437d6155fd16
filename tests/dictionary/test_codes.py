import torch
from hypothesis import given
from hypothesis import strategies as st

from microtome.dictionary import Codes


@st.composite
def sparse(draw) -> torch.Tensor:
    """A dense matrix of mostly zeros, rows and columns possibly none."""
    rows, columns = draw(st.integers(0, 6)), draw(st.integers(1, 7))
    value = st.one_of(st.just(0.0), st.floats(0.125, 9.0, width=32))
    values = draw(st.lists(value, min_size=rows * columns, max_size=rows * columns))
    return torch.tensor(values, dtype=torch.float32).reshape(rows, columns)


@given(sparse())
def test_dense_gives_back_what_the_mask_kept(matrix):
    codes = Codes.from_mask(matrix, matrix > 0)
    assert torch.equal(codes.dense(), matrix)
    assert codes.n_rows == len(matrix)
    assert codes.n_active == int((matrix > 0).sum())


@given(sparse())
def test_entries_lie_in_their_rows_in_rising_order(matrix):
    codes = Codes.from_mask(matrix, matrix > 0)
    assert codes.offsets[0] == 0
    assert codes.offsets[-1] == codes.n_active
    for row in range(codes.n_rows):
        features = codes.features[codes.offsets[row] : codes.offsets[row + 1]].tolist()
        assert features == sorted(set(features))
        assert features == matrix[row].nonzero()[:, 0].tolist()
    assert torch.equal(codes.values, matrix[codes.rows(), codes.features])


@given(sparse(), st.data())
def test_without_rows_empties_those_rows_only(matrix, data):
    chosen = data.draw(st.sets(st.integers(0, max(len(matrix) - 1, 0))))
    rows = sorted(chosen) if len(matrix) else []
    expected = matrix.clone()
    expected[rows] = 0
    codes = Codes.from_mask(matrix, matrix > 0).without_rows(rows)
    assert torch.equal(codes.dense(), expected)
    assert codes.n_rows == len(matrix)


def test_the_mask_decides_rather_than_the_value():
    values = torch.tensor([[0.0, -2.0, 3.0]])
    codes = Codes.from_mask(values, torch.tensor([[True, True, False]]))
    assert codes.features.tolist() == [0, 1]
    assert codes.values.tolist() == [0.0, -2.0]
