"""The sparse products in plain torch, on any device: dense where that is the simplest."""

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.dictionary.codes import Codes


def spmm(
    codes: Codes,
    weight: Float[Tensor, "features m"],
    out: Float[Tensor, "rows wide"],
    column: int = 0,
) -> None:
    out[:, column : column + weight.shape[1]].addmm_(codes.dense(), weight)


def sddmm(
    codes: Codes, weight: Tensor, rows: Float[Tensor, "rows wide"], column: int = 0
) -> Float[Tensor, " active"]:
    products = rows[:, column : column + weight.shape[1]] @ weight.T
    return products[codes.rows(), codes.features]


def spmm_t(
    codes: Codes,
    rows: Float[Tensor, "rows wide"],
    out: Float[Tensor, "features m"],
    column: int = 0,
) -> None:
    torch.mm(codes.dense().T, rows[:, column : column + out.shape[1]], out=out)


def top_k(pre: Float[Tensor, "rows features"], k: int) -> Codes:
    kept = pre.topk(min(k, pre.shape[1]), dim=-1).indices
    mask = torch.zeros_like(pre, dtype=torch.bool).scatter_(-1, kept, True)
    return Codes.from_mask(pre, mask & (pre > 0))


def above(
    pre: Float[Tensor, "rows features"], threshold: Float[Tensor, " features"] | float
) -> Codes:
    return Codes.from_mask(pre, pre > threshold)


def remove_parallel(gradient: Float[Tensor, "n m"], weight: Float[Tensor, "n m"]) -> None:
    gradient -= (gradient * weight).sum(-1, keepdim=True) * weight


def normalise(weight: Float[Tensor, "n m"]) -> None:
    weight /= weight.norm(dim=-1, keepdim=True)
