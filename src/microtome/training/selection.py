"""The largest entries of a row, or of a whole batch, over all processes that share the features."""

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.dictionary import Codes
from microtome.dictionary.kernels import Kernels
from microtome.training.mesh import Mesh


def top_k(pre: Float[Tensor, "rows features"], k: int, kernels: Kernels, mesh: Mesh) -> Codes:
    """The k largest positive entries of every row."""
    codes = kernels.top_k(pre, k)
    if mesh.feature_size == 1:
        return codes
    candidates = pre.new_zeros(codes.n_rows, k)
    slots = torch.arange(codes.n_active, device=pre.device) - codes.offsets[codes.rows()]
    candidates[codes.rows(), slots] = codes.values
    everywhere = torch.cat(mesh.gather_features(candidates), 1)
    smallest = everywhere.topk(k, dim=1).values[:, -1]
    return codes.where(codes.values >= smallest[codes.rows()])


def batch_top_k(
    pre: Float[Tensor, "rows features"], k: int, guess: float, kernels: Kernels, mesh: Mesh
) -> tuple[Codes, Float[Tensor, ""]]:
    """The (k x rows) largest positive entries of the batch, and the smallest of them.

    Entries above a guess a little below the last batch's answer are found first, and only they
    are sorted; too few of them lower the guess.
    """
    rows = pre.shape[0] * mesh.data_size
    wanted = k * rows
    limit = 0.9 * guess if guess > 0 else _first_guess(pre, k)
    while True:
        codes = kernels.above(pre, limit)
        values = mesh.gather_all(codes.values)
        if len(values) >= wanted or limit <= 0:
            break
        limit = limit / 2 if limit > 1e-3 else 0.0
    if len(values) <= wanted:
        return codes, values.min() if len(values) else pre.new_zeros(())
    smallest = values.kthvalue(len(values) - wanted + 1).values
    return codes.where(codes.values >= smallest), smallest


def _first_guess(pre: Float[Tensor, "rows features"], k: int) -> float:
    """Where k entries a row would lie above, were the first rows like all others."""
    some = pre[:64].flatten()
    n = min(max(2 * k * min(len(pre), 64), 1), len(some))
    return max(float(some.topk(n).values[-1]), 0.0)
