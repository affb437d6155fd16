"""The exact transformer as a Hugging Face GPT-2.

GPT-2 as it is: learned positions, LayerNorm before attention, MLP and unembedding, ReLU by
`activation_function="relu"`.
"""

import torch
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedModel

from microtome.specimen.compiled.norms import EPS
from microtome.specimen.compiled.weights import Layer, Plan, Weights
from microtome.specimen.compiled.writer import END_ID, PAD_ID, START_ID, Writer, fill


class GPT2Writer(Writer):
    """Writes GPT-2."""

    blocks, final_norm, norms = "transformer.h", "transformer.ln_f", ("ln_1", "ln_2")

    @staticmethod
    def width(plan: Plan) -> int:
        """Smallest d_model: a head has its share of it, which must be what a head needs."""
        return max(Writer.width(plan), plan.schedule.heads * plan.head_size)

    def _new(self, weights: Weights, neurons: int) -> PreTrainedModel:
        return GPT2LMHeadModel(
            GPT2Config(
                vocab_size=len(weights.tokens),
                n_positions=len(weights.positions),
                n_embd=self._d,
                n_layer=len(weights.layers),
                n_head=self._heads,
                n_inner=max(neurons, 1),
                activation_function="relu",
                layer_norm_epsilon=EPS,
                resid_pdrop=0.0,
                embd_pdrop=0.0,
                attn_pdrop=0.0,
                tie_word_embeddings=False,
                pad_token_id=PAD_ID,
                bos_token_id=START_ID,
                eos_token_id=END_ID,
            )
        )

    def _embed(self, model: PreTrainedModel, weights: Weights) -> None:
        for name, embedded in (("wte", weights.tokens), ("wpe", weights.positions)):
            module = model.get_submodule(f"transformer.{name}")
            assert isinstance(module, nn.Embedding)
            module.weight.copy_(embedded @ self._basis)

    def _attention(self, block: nn.Module, layer: Layer, read: Tensor) -> None:
        size = self._d // self._heads
        into = torch.zeros(self._d, 3, self._heads, size, dtype=torch.float64)
        out = torch.zeros(self._heads, size, self._d, dtype=torch.float64)
        for i, head in enumerate(layer.heads):
            turned = self._turned(head, size, size)
            into[:, 0, i] = read @ turned.query * size**0.5  # GPT-2 divides scores by it
            into[:, 1, i] = read @ turned.key
            into[:, 2, i] = read @ turned.value
            out[i] = turned.output @ self._basis
        fill(block.get_submodule("attn.c_attn"), into.flatten(1))
        fill(block.get_submodule("attn.c_proj"), out.flatten(0, 1))

    def _mlp(self, block: nn.Module, layer: Layer, read: Tensor) -> None:
        neurons = layer.mlp
        fill(block.get_submodule("mlp.c_fc"), read @ neurons.reads, neurons.bias)
        constant = neurons.constant @ self._basis
        fill(block.get_submodule("mlp.c_proj"), neurons.writes @ self._basis, constant)
