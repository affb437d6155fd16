"""The exact transformer as a Hugging Face Llama: rotary positions, RMSNorm, gated SiLU.

What differs from GPT-2:

- no positions are embedded; a program that uses `position` counts them, by a head that shares its
  attention among all positions so far (`counted_positions`), and `start` comes with the token;
- rotary embedding turns queries and keys by their positions, pair by pair of a head's dimensions,
  every pair slower than the one before. Codes stand in the first dimension of the slow pairs, whose
  scores are left at all distances within a millionth of what they are; the rest is zero;
- a neuron is silu(gate) * up. With the gate 32 times steeper and what is written 32 times smaller,
  silu is relu to a billionth wherever pairs of neurons are read; `up` is 1, by its bias.
"""

import math
from dataclasses import replace

import torch
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel

from microtome.specimen.compiled.norms import EPS
from microtome.specimen.compiled.program import Map, Program, Step, Width
from microtome.specimen.compiled.weights import Layer, Weights
from microtome.specimen.compiled.writer import END_ID, PAD_ID, START_ID, Writer, fill

INDEX = "index"
"""The variable that stands for `position` where positions must be counted."""
THETA = 1e10
"""Base of rotary frequencies: large, so that half of the pairs or more hardly turn."""
STILL = 1e-3
"""Angle in all by which the pairs in use may turn: its square is what scores lose."""
STEEP = 32.0
"""silu(STEEP * p) / STEEP is relu(p) for p from 1 up and from -1 down, within e^-32."""


def counted_positions(program: Program) -> Program:
    """The same program, its positions counted by a `Width`."""
    if "position" not in program.used:
        return program
    index = Width(
        INDEX,
        query="token",
        key="token",
        select=lambda query, key: True,
        most=program.positions - 1,
        about="the position, counted",
    )
    return replace(program, steps=(index, *map(_renamed, program.steps)))


def _renamed(step: Step) -> Step:
    def new(name: str) -> str:
        return INDEX if name == "position" else name

    if isinstance(step, Map):
        return replace(step, inputs=tuple(map(new, step.inputs)))
    step = replace(step, query=new(step.query), key=new(step.key))
    return step if isinstance(step, Width) else replace(step, value=new(step.value))


class LlamaWriter(Writer):
    """Writes Llama."""

    blocks, final_norm = "model.layers", "model.norm"
    norms = "input_layernorm", "post_attention_layernorm"

    def _head_size(self) -> int:
        """Even, with as many slow pairs as a head needs for its scores."""
        size = 2 * self._plan.head_size
        while size // 2 - self._first_slow(size) < self._plan.head_size:
            size += 2
        return size

    def _first_slow(self, size: int) -> int:
        """The first pair that turns by no more than `STILL` over the longest text."""
        farthest = self._plan.program.positions - 1
        return math.ceil(math.log(farthest / STILL) / math.log(THETA) * size / 2)

    def _new(self, weights: Weights, neurons: int) -> PreTrainedModel:
        return LlamaForCausalLM(
            LlamaConfig(
                vocab_size=len(weights.tokens),
                max_position_embeddings=self._plan.program.positions,
                hidden_size=self._d,
                num_hidden_layers=len(weights.layers),
                num_attention_heads=self._heads,
                num_key_value_heads=self._heads,
                head_dim=self._head_size(),
                intermediate_size=max(neurons, 1),
                hidden_act="silu",
                mlp_bias=True,
                rms_norm_eps=EPS,
                rope_parameters={"rope_type": "default", "rope_theta": THETA},
                tie_word_embeddings=False,
                pad_token_id=PAD_ID,
                bos_token_id=START_ID,
                eos_token_id=END_ID,
            )
        )

    def _embed(self, model: PreTrainedModel, weights: Weights) -> None:
        """Tokens, with what positions give in GPT-2: the constant, and whether this is `<s>`."""
        first, later = weights.positions[0], weights.positions[1]
        embedded = weights.tokens + later
        embedded[START_ID] += first - later
        module = model.get_submodule("model.embed_tokens")
        assert isinstance(module, nn.Embedding)
        module.weight.copy_(embedded @ self._basis)

    def _attention(self, block: nn.Module, layer: Layer, read: Tensor) -> None:
        size = self._head_size()
        slow = slice(self._first_slow(size), size // 2)
        maps = torch.zeros(3, self._d, self._heads, size, dtype=torch.float64)
        out = torch.zeros(self._heads, size, self._d, dtype=torch.float64)
        for i, head in enumerate(layer.heads):
            turned = self._turned(head, slow.stop - slow.start, size)
            maps[0, :, i, slow] = read @ turned.query * size**0.5
            maps[1, :, i, slow] = read @ turned.key
            maps[2, :, i] = read @ turned.value
            out[i] = turned.output @ self._basis
        for name, weight in zip("qkv", maps.flatten(2), strict=True):
            fill(block.get_submodule(f"self_attn.{name}_proj"), weight.T)
        fill(block.get_submodule("self_attn.o_proj"), out.flatten(0, 1).T)

    def _mlp(self, block: nn.Module, layer: Layer, read: Tensor) -> None:
        neurons, part = layer.mlp, block.get_submodule
        gate = (read @ neurons.reads).T * STEEP
        fill(part("mlp.gate_proj"), gate, neurons.bias * STEEP)
        fill(part("mlp.up_proj"), torch.zeros_like(gate), torch.ones(len(gate)))
        written = (neurons.writes @ self._basis).T / STEEP
        fill(part("mlp.down_proj"), written, neurons.constant @ self._basis)
