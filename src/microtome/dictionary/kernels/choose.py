"""Which kernels run: by device, or by name."""

from functools import cache
from importlib import import_module
from typing import Literal, Protocol, cast, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.dictionary.codes import Codes
from microtome.errors import MicrotomeError

KERNELS = ("reference", "cpu", "triton")
"""Names to ask for: plain torch, compiled for the CPU (numba), Triton. The last is EXPERIMENTAL:
no GPU has run it, so it is never the default and runs only where a recipe names it."""

Name = Literal["auto", "reference", "cpu", "triton"]


@runtime_checkable
class Kernels(Protocol):
    """What every module of kernels offers, each tested against `reference`."""

    def spmm(
        self,
        codes: Codes,
        weight: Float[Tensor, "features m"],
        out: Float[Tensor, "rows wide"],
        column: int = 0,
    ) -> None:
        """Add S @ W to the m columns of `out` from `column` on."""
        ...

    def sddmm(
        self, codes: Codes, weight: Tensor, rows: Float[Tensor, "rows wide"], column: int = 0
    ) -> Float[Tensor, " active"]:
        """Products of `rows` (its columns from `column` on) and W.T at the entries of S."""
        ...

    def spmm_t(
        self,
        codes: Codes,
        rows: Float[Tensor, "rows wide"],
        out: Float[Tensor, "features m"],
        column: int = 0,
    ) -> None:
        """Put S.T @ A into `out`, for the m columns of A from `column` on."""
        ...

    def top_k(self, pre: Float[Tensor, "rows features"], k: int) -> Codes:
        """The k largest positive entries of every row, in order of feature."""
        ...

    def above(
        self, pre: Float[Tensor, "rows features"], threshold: Float[Tensor, " features"] | float
    ) -> Codes:
        """Entries above a threshold, one for all or one per feature."""
        ...

    def remove_parallel(self, gradient: Float[Tensor, "n m"], weight: Float[Tensor, "n m"]) -> None:
        """Take from every row of a gradient, in place, its part along the weight's unit row."""
        ...

    def normalise(self, weight: Float[Tensor, "n m"]) -> None:
        """Scale every row to norm 1, in place."""
        ...


@runtime_checkable
class FusedEncoder(Protocol):
    """What kernels may offer besides: an encoder that never writes its dense pre-activations."""

    def encode_top_k(
        self,
        x: Float[Tensor, "rows d_read"],
        weight: Float[Tensor, "features d_read"],
        bias: Float[Tensor, " features"],
        k: int,
    ) -> Codes:
        """The k largest positive entries of every row of x @ weight.T + bias."""
        ...


_RUNS_ON = {"cpu": "cpu", "triton": "cuda"}
"""Kernels for one type of device (torch calls AMD's `cuda` too); the reference runs anywhere."""


@cache
def kernels_for(device: str, name: Name = "auto") -> Kernels:
    """The kernels for a device type; `auto` takes the compiled ones on a CPU and plain torch
    elsewhere, because no GPU has run the Triton ones yet.

    Raises:
        MicrotomeError: kernels by that name do not run on the device, or need a package that is
            not installed.
    """
    if name == "auto":
        name = "cpu" if device == "cpu" else "reference"
    if _RUNS_ON.get(name, device) != device:
        raise MicrotomeError(f"{name} kernels do not run on {device}; use kernels = 'auto'")
    return cast(Kernels, import_module(f"microtome.dictionary.kernels.{name}"))


def dense_is_faster(codes: Codes) -> bool:
    """Whether to leave a product to torch: gathering rows reaches a small part of a dense
    product's rate, so past some density it loses. One entry in 20 is a rule of thumb."""
    return codes.n_active > 0.05 * codes.n_rows * codes.n_features and codes.n_rows > 8


def as_float(threshold: Tensor | float) -> float | None:
    """The threshold as one number, where it is one."""
    if isinstance(threshold, torch.Tensor):
        return float(threshold) if threshold.numel() == 1 else None
    return threshold
