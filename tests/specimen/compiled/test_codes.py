"""Spherical codes against known optima."""

import pytest
import torch

from microtome.specimen.compiled.codes import code_margin, smallest_code, spherical_code


@pytest.mark.parametrize(
    ("n", "d", "margin"),
    [
        (2, 1, 2.0),
        (3, 2, 1.5),
        (4, 2, 1.0),
        (6, 3, 1.0),  # octahedron
        (12, 3, 1 - 5**-0.5),  # icosahedron
        (8, 4, 1.0),  # cross-polytope
        (6, 9, 1.2),  # more dimensions than values: the simplex
    ],
)
def test_codes_are_as_far_apart_as_is_known(n: int, d: int, margin: float):
    code = spherical_code(n, d)
    assert code.shape == (n, d)
    torch.testing.assert_close(code.norm(dim=1), torch.ones(n, dtype=torch.float64))
    assert code_margin(code) == pytest.approx(margin, abs=0.03)
    assert code_margin(code) <= margin + 1e-9


def test_the_smallest_code_has_the_margin_and_none_smaller_has():
    code = smallest_code(10, 0.5)
    assert code.shape == (10, 3)
    assert code_margin(code) >= 0.5 > code_margin(spherical_code(10, 2))
