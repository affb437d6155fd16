"""The exact transformer as a Hugging Face GPT-2: rotated, with LayerNorms, in float32.

GPT-2 as it is: learned positions, LayerNorm before attention, MLP and unembedding, ReLU by
`activation_function="relu"`. Where norms are on, their weights are 1; where they are off, a norm's
weight is the scale that it divides by, so that it gives back what it is given.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel

from microtome.specimen.compiled.basis import Basis, rotation
from microtome.specimen.compiled.norms import EPS, scale_at
from microtome.specimen.compiled.program import END, SPECIALS, START
from microtome.specimen.compiled.weights import Head, Layer, Plan, Weights


def model_width(plan: Plan) -> int:
    """Smallest d_model: all columns and the mean, room for what a head needs in each of them."""
    heads = plan.schedule.heads
    widest = max(plan.stream + 1, heads * plan.head_size)
    return -(-widest // heads) * heads


class Writer:
    """Writes weights into a new GPT-2."""

    def __init__(self, plan: Plan, basis: Basis, norms: bool, seed: int | None):
        """
        Args:
            plan: of the weights.
            basis: direction of every column.
            norms: whether they act.
            seed: of the rotation inside heads; None for none.
        """
        self._plan, self._basis, self._norms = plan, basis, norms
        self._generator = None if seed is None else torch.Generator().manual_seed(seed)
        self._d = basis.shape[1]

    @torch.no_grad()
    def write(self, weights: Weights) -> GPT2LMHeadModel:
        model = GPT2LMHeadModel(self._config(weights)).eval()
        model.transformer.wte.weight.copy_(weights.tokens @ self._basis)
        model.transformer.wpe.weight.copy_(weights.positions @ self._basis)
        for i, (block, layer) in enumerate(zip(model.transformer.h, weights.layers, strict=True)):
            assert isinstance(block, nn.Module)
            part = block.get_submodule
            read = self._norm(part("ln_1"), scale_at(self._plan, self._d, i, "attention"))
            self._attention(part("attn"), layer, read)
            read = self._norm(part("ln_2"), scale_at(self._plan, self._d, i, "mlp"))
            self._mlp(part("mlp"), layer, read)
        layers = len(weights.layers)
        scale = scale_at(self._plan, self._d, layers, "attention")
        read = self._norm(model.transformer.ln_f, scale)
        model.lm_head.weight.copy_((read @ weights.unembed).T)
        return model

    def _config(self, weights: Weights) -> GPT2Config:
        widest = max(len(layer.mlp.bias) for layer in weights.layers)
        return GPT2Config(
            vocab_size=len(weights.tokens),
            n_positions=len(weights.positions),
            n_embd=self._d,
            n_layer=len(weights.layers),
            n_head=self._plan.schedule.heads,
            n_inner=max(widest, 1),
            activation_function="relu",
            layer_norm_epsilon=EPS,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            tie_word_embeddings=False,
            pad_token_id=SPECIALS.index("<pad>"),
            bos_token_id=SPECIALS.index(START),
            eos_token_id=SPECIALS.index(END),
        )

    def _norm(self, norm: nn.Module, scale: float) -> Float[Tensor, "d_model stream"]:
        """Set a norm's weight; what reads the stream's columns from behind it."""
        assert isinstance(norm, nn.LayerNorm)
        norm.weight.fill_(1.0 if self._norms else scale)
        norm.bias.zero_()
        return self._basis.T * (scale if self._norms else 1.0)

    def _attention(self, attn: nn.Module, layer: Layer, read: Tensor) -> None:
        d, size = self._d, self._d // self._plan.schedule.heads
        into = torch.zeros(d, 3, self._plan.schedule.heads, size, dtype=torch.float64)
        out = torch.zeros(self._plan.schedule.heads, size, d, dtype=torch.float64)
        for i, head in enumerate(layer.heads):
            query, key, value, output = self._turned(head, size)
            into[:, 0, i] = read @ query * size**0.5  # GPT-2 divides scores by it
            into[:, 1, i] = read @ key
            into[:, 2, i] = read @ value
            out[i] = output @ self._basis
        _fill(attn.get_submodule("c_attn"), into.flatten(1), None)
        _fill(attn.get_submodule("c_proj"), out.flatten(0, 1), None)

    def _turned(self, head: Head, size: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """A head's maps at their full size, turned inside the head."""

        def wide(x: Tensor) -> Tensor:
            return nn.functional.pad(x, (0, size - x.shape[1]))

        maps = wide(head.query), wide(head.key), wide(head.value), wide(head.output.T)
        if self._generator is None:
            return *maps[:3], maps[3].T
        scores, values = rotation(size, self._generator), rotation(size, self._generator)
        query, key, value, output = maps
        return query @ scores, key @ scores, value @ values, (output @ values).T

    def _mlp(self, mlp: nn.Module, layer: Layer, read: Tensor) -> None:
        neurons = layer.mlp
        _fill(mlp.get_submodule("c_fc"), read @ neurons.reads, neurons.bias)
        constant = neurons.constant @ self._basis
        _fill(mlp.get_submodule("c_proj"), neurons.writes @ self._basis, constant)


def _fill(module: nn.Module, weight: Float[Tensor, "d_in d_out"], bias: Tensor | None) -> None:
    """Write a GPT-2 projection; what there is no room needed for is zero."""
    held, offset = module.weight, module.bias
    assert isinstance(held, Tensor) and isinstance(offset, Tensor)
    held.zero_()
    offset.zero_()
    held[: weight.shape[0], : weight.shape[1]] = weight.to(held.dtype)
    if bias is not None:
        offset[: len(bias)] = bias.to(offset.dtype)
