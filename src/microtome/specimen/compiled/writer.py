"""Writing exact weights into a model of transformers: what all families share."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from transformers import PreTrainedModel

from microtome.specimen.compiled.basis import Basis, rotation
from microtome.specimen.compiled.norms import scale_at
from microtome.specimen.compiled.weights import Head, Layer, Plan, Weights
from microtome.specimen.special_tokens import END, PAD, SPECIALS, START

PAD_ID, START_ID, END_ID = (SPECIALS.index(token) for token in (PAD, START, END))


class Writer(ABC):
    """Writes weights into a new model of a family: rotated, behind norms, in float32.

    Where norms are on, their weights are 1; where they are off, a norm's weight is the scale that
    it divides by, so that it gives back what it is given.
    """

    blocks: ClassVar[str]
    final_norm: ClassVar[str]
    norms: ClassVar[tuple[str, str]]
    """Before attention and before the MLP, inside a block."""

    def __init__(self, plan: Plan, basis: Basis, norms: bool, seed: int | None):
        """
        Args:
            plan: of the weights.
            basis: direction of every column.
            norms: whether they act.
            seed: of the rotation inside heads; None for none.
        """
        self._plan, self._basis, self._norms_act = plan, basis, norms
        self._generator = None if seed is None else torch.Generator().manual_seed(seed)
        self._heads, self._d = plan.schedule.heads, basis.shape[1]

    @staticmethod
    def width(plan: Plan) -> int:
        """Smallest d_model: all columns and the mean, shared evenly by the heads."""
        return -(-(plan.stream + 1) // plan.schedule.heads) * plan.schedule.heads

    @torch.no_grad()
    def write(self, weights: Weights) -> PreTrainedModel:
        """A model that computes what the weights do."""
        with torch.random.fork_rng(devices=[]):  # its random weights are all overwritten
            model = self._new(weights, max(len(layer.mlp.bias) for layer in weights.layers)).eval()
        for parameter in model.parameters():
            parameter.zero_()
        self._embed(model, weights)
        for i, layer in enumerate(weights.layers):
            block = model.get_submodule(f"{self.blocks}.{i}")
            before, between = (block.get_submodule(name) for name in self.norms)
            read = self._norm(before, scale_at(self._plan, self._d, i, "attention"))
            self._attention(block, layer, read)
            self._mlp(block, layer, self._norm(between, scale_at(self._plan, self._d, i, "mlp")))
        scale = scale_at(self._plan, self._d, len(weights.layers), "attention")
        read = self._norm(model.get_submodule(self.final_norm), scale)
        fill(model.get_submodule("lm_head"), (read @ weights.unembed).T)
        return model

    @abstractmethod
    def _new(self, weights: Weights, neurons: int) -> PreTrainedModel:
        """A model of the right sizes, for so many neurons at most."""

    @abstractmethod
    def _embed(self, model: PreTrainedModel, weights: Weights) -> None: ...

    @abstractmethod
    def _attention(
        self, block: nn.Module, layer: Layer, read: Float[Tensor, "d_model stream"]
    ) -> None: ...

    @abstractmethod
    def _mlp(
        self, block: nn.Module, layer: Layer, read: Float[Tensor, "d_model stream"]
    ) -> None: ...

    def _norm(self, norm: nn.Module, scale: float) -> Float[Tensor, "d_model stream"]:
        """Set a norm's weight; what reads the stream's columns from behind it."""
        assert isinstance(norm.weight, Tensor)
        norm.weight.fill_(1.0 if self._norms_act else scale)
        return self._basis.T * (scale if self._norms_act else 1.0)

    def _turned(self, head: Head, scores: int, values: int) -> Head:
        """A head at the full size of its queries and keys, and of its values, both turned."""

        def wide(x: Tensor, size: int) -> Tensor:
            return nn.functional.pad(x, (0, size - x.shape[1]))

        query, key = wide(head.query, scores), wide(head.key, scores)
        value, output = wide(head.value, values), wide(head.output.T, values)
        if self._generator is not None:
            turn = rotation(scores, self._generator)
            query, key = query @ turn, key @ turn
            turn = rotation(values, self._generator)
            value, output = value @ turn, output @ turn
        return Head(query, key, value, output.T)


def fill(
    module: nn.Module, weight: Float[Tensor, "rows columns"], bias: Tensor | None = None
) -> None:
    """Write into the beginning of a module's weight and bias, as they are stored."""
    held, offset = module.weight, module.bias
    assert isinstance(held, Tensor)
    held[: weight.shape[0], : weight.shape[1]] = weight.to(held.dtype)
    if bias is not None:
        assert isinstance(offset, Tensor)
        offset[: len(bias)] = bias.to(offset.dtype)
