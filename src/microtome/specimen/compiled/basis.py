"""From the columns of the exact transformer to the directions of the model.

LayerNorm subtracts the mean of what it reads. All that the stream holds lies orthogonal to the
vector of ones, so that the mean is zero and nothing is lost.
"""

import torch
from jaxtyping import Float
from torch import Tensor

Basis = Float[Tensor, "stream d_model"]
"""Orthonormal rows, orthogonal to the vector of ones: x = columns @ basis, columns = x @ basis.T"""


def rotated(columns: int, d_model: int, generator: torch.Generator) -> Basis:
    """A basis that is uniformly random."""
    free = torch.randn(d_model, columns, generator=generator, dtype=torch.float64)
    free -= free.mean(0)
    q, r = torch.linalg.qr(free)
    return (q * r.diagonal().sign()).T


def aligned(columns: int, d_model: int) -> Basis:
    """Not rotated: a column is a coordinate, as nearly as the mean allows.

    Rows of the reflection that takes the vector of ones to the last coordinate. Row i is
    coordinate i, less 1/d or so of every other one.
    """
    ones = torch.full((d_model,), d_model**-0.5, dtype=torch.float64)
    normal = ones - torch.eye(d_model, dtype=torch.float64)[-1]
    normal /= normal.norm()
    reflection = torch.eye(d_model, dtype=torch.float64) - 2 * normal[:, None] * normal
    return reflection[:columns]


def rotation(d: int, generator: torch.Generator) -> Float[Tensor, "d d"]:
    """A random rotation of a head's own space."""
    q, r = torch.linalg.qr(torch.randn(d, d, generator=generator, dtype=torch.float64))
    return q * r.diagonal().sign()
