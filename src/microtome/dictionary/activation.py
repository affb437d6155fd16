"""Activation functions: from pre-activations to the features that are active."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from microtome.errors import MicrotomeError

ActivationKind = Literal["relu", "jumprelu", "topk", "batchtopk"]


@dataclass(frozen=True)
class Activation:
    """Which pre-activations pass; those that pass go on unchanged.

    A BatchTopK dictionary compares with one learned threshold at inference (Bussmann et al.
    2024, "BatchTopK Sparse Autoencoders"), so a feature does not depend on the other tokens of
    its batch.
    """

    kind: ActivationKind
    k: int | None = None
    """Features kept per row (topk)."""
    threshold: Float[Tensor, "..."] | None = None
    """Value to exceed: one per feature (jumprelu) or one for all (batchtopk)."""

    def __post_init__(self):
        if self.kind not in get_args(ActivationKind):
            known = ", ".join(get_args(ActivationKind))
            raise MicrotomeError(f"unknown activation function {self.kind!r}; known: {known}")
        if self.kind == "topk" and (self.k is None or self.k < 1):
            raise MicrotomeError("a topk activation function needs k of at least 1")
        if self.kind in ("jumprelu", "batchtopk") and self.threshold is None:
            raise MicrotomeError(f"a {self.kind} activation function needs a threshold")

    def active(self, pre: Float[Tensor, "*rows features"]) -> Bool[Tensor, "*rows features"]:
        """Which features are active: positive, and past the threshold or among the k largest."""
        if self.kind == "relu":
            return pre > 0
        if self.kind == "topk":
            assert self.k is not None
            kept = pre.topk(min(self.k, pre.shape[-1]), dim=-1).indices
            mask = torch.zeros_like(pre, dtype=torch.bool).scatter_(-1, kept, True)
            return mask & (pre > 0)
        assert self.threshold is not None
        return (pre > self.threshold.to(pre.dtype)) & (pre > 0)

    def select(self, features: Int[Tensor, " n"]) -> "Activation":
        """The activation function of some features; not for topk, which looks at all of them."""
        assert self.kind != "topk"
        if self.threshold is None or self.threshold.numel() == 1:
            return self
        return replace(self, threshold=self.threshold[features])

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> "Activation":
        if self.threshold is None:
            return self
        return replace(self, threshold=self.threshold.to(device, dtype))
