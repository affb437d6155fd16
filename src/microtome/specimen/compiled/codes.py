"""Spherical codes: unit vectors for the values of a variable, fewer dimensions than values.

n values in n dimensions can be orthogonal; in fewer they overlap. What a reader needs is that a
value's own vector c is told from every other c' with room to spare: c.c = 1 against c.c' <= rho.
The room, 1 - rho, is the margin of the code. Twelve values fit into three dimensions with a margin
of 0.5 (Conway and Sloane 1999, "Sphere Packings, Lattices and Groups", on kissing numbers).
"""

from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor

_STEPS, _STARTS = 300, 16


def code_margin(codes: Float[Tensor, "value d"]) -> float:
    """1 less the largest overlap of two different values; 2 of a single value."""
    if len(codes) < 2:
        return 2.0
    overlaps = codes @ codes.T
    return float(1 - overlaps[~torch.eye(len(codes), dtype=torch.bool)].max())


def one_hot(n: int) -> Float[Tensor, "value d"]:
    """A dimension for every value: nothing is compressed."""
    return torch.eye(n, dtype=torch.float64)


@cache
def spherical_code(n: int, d: int) -> Float[Tensor, "value d"]:
    """n unit vectors in d dimensions, as far apart as an optimiser brings them.

    In n - 1 dimensions or more that is the simplex. Otherwise the largest overlap is lowered by
    gradient descent on a soft maximum that hardens, from several starts; always the same result.
    """
    if d >= n - 1:
        return _simplex(n, d)
    if d == 1:  # two directions for more values
        return 1 - 2 * (torch.arange(n, dtype=torch.float64)[:, None] % 2)
    if d == 2:
        return _circle(n)
    return max(_optimised(n, d), key=code_margin)


def smallest_code(n: int, margin: float) -> Float[Tensor, "value d"]:
    """The code of fewest dimensions that has a margin; of at most n - 1, where it is above 1."""
    for d in range(1 if n < 3 else 2, n - 1):
        if code_margin(code := spherical_code(n, d)) >= margin:
            return code
    return spherical_code(n, max(n - 1, 1))


def _simplex(n: int, d: int) -> Float[Tensor, "value d"]:
    """Corners of a simplex: every overlap is -1/(n - 1)."""
    if n == 1:
        return torch.eye(1, d, dtype=torch.float64)
    centred = torch.eye(n, dtype=torch.float64) - 1 / n
    _, _, axes = torch.linalg.svd(centred)
    corners = centred @ axes[: n - 1].T
    padded = torch.nn.functional.pad(corners, (0, d - n + 1))
    return padded / padded.norm(dim=1, keepdim=True)


def _circle(n: int) -> Float[Tensor, "value d"]:
    angles = torch.arange(n, dtype=torch.float64) * (2 * torch.pi / n)
    return torch.stack([angles.cos(), angles.sin()], dim=1)


def _optimised(n: int, d: int) -> Float[Tensor, "start value d"]:
    """All starts at once."""
    generator = torch.Generator().manual_seed(1009 * n + d)
    free = torch.randn(_STARTS, n, d, generator=generator, dtype=torch.float64)
    free.requires_grad_()
    itself = torch.eye(n, dtype=torch.float64) * 9
    optimiser = torch.optim.Adam([free], lr=0.05)
    with torch.enable_grad():
        for step in range(_STEPS):
            sharpness = 4 * 50 ** (step / _STEPS)
            unit = free / free.norm(dim=-1, keepdim=True)
            overlaps = unit @ unit.transpose(1, 2) - itself
            loss = (sharpness * overlaps).flatten(1).logsumexp(1).sum() / sharpness
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return (free / free.norm(dim=-1, keepdim=True)).detach()
