"""One row per architecture family: where its parts are and how they are wired.

Everything else in microtome speaks of blocks, norms, heads and sites. To add a family, add a
row to `ADAPTERS` and its name to the parametrised list in tests/model/families.py.
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from transformers import PretrainedConfig

from microtome.errors import MicrotomeError


class Projection(NamedTuple):
    """An affine map x @ weight + bias, as views of the model's own parameters."""

    weight: Float[Tensor, "d_in d_out"]
    bias: Float[Tensor, " d_out"] | None


def projection(module: nn.Module) -> Projection:
    """Read a Linear, or GPT-2's Conv1D (whose weight is already [d_in, d_out])."""
    weight, bias = module.weight, module.bias
    assert isinstance(weight, Tensor)
    assert bias is None or isinstance(bias, Tensor)
    return Projection(weight.T if isinstance(module, nn.Linear) else weight, bias)


def _columns(p: Projection, index: Tensor | slice) -> Projection:
    return Projection(p.weight[:, index], None if p.bias is None else p.bias[index])


Reader = Callable[[nn.Module, int], Projection]
"""Reads one projection out of an attention module, given its width (heads x head size)."""


def separate(name: str) -> Reader:
    """A projection with a module of its own."""

    def read(attn: nn.Module, width: int) -> Projection:
        return projection(attn.get_submodule(name))

    return read


def fused(name: str, part: str) -> Reader:
    """One module whose columns are all queries, then all keys, then all values (gpt2, phi3)."""

    def read(attn: nn.Module, width: int) -> Projection:
        columns = {
            "queries": slice(None, width),
            "keys": slice(-2 * width, -width),
            "values": slice(-width, None),
        }
        return _columns(projection(attn.get_submodule(name)), columns[part])

    return read


def interleaved(name: str, part: int) -> Reader:
    """One module in which query, key and value of each head lie side by side (gpt_neox)."""

    def read(attn: nn.Module, width: int) -> Projection:
        d_head = int(attn.head_size)  # pyright: ignore[reportArgumentType]
        columns = torch.arange(3 * width).view(-1, 3, d_head)[:, part].flatten()
        return _columns(projection(attn.get_submodule(name)), columns)

    return read


def serial(config: PretrainedConfig) -> bool:
    return False


_Q_PROJ, _K_PROJ, _V_PROJ = separate("q_proj"), separate("k_proj"), separate("v_proj")


@dataclass(frozen=True)
class Adapter:
    """Where the parts of a family's model are; paths are dotted module names."""

    blocks: str = "model.layers"
    position_embed: str | None = None
    final_norm: str = "model.norm"
    attn: str = "self_attn"
    attn_output: str = "o_proj"
    """Output projection inside the attention module; it reads the heads side by side."""
    queries: Reader = _Q_PROJ
    keys: Reader = _K_PROJ
    values: Reader = _V_PROJ
    query_norm: str | None = None
    """Norm of queries inside the attention module, over each head or over all of them."""
    key_norm: str | None = None
    score_cap: str | None = None
    """Attribute of the attention module with the soft-cap on scores (gemma2)."""
    mlp: str = "mlp"
    attn_norm: str | None = "input_layernorm"
    attn_post_norm: str | None = None
    mlp_norm: str | None = "post_attention_layernorm"
    mlp_post_norm: str | None = None
    unit_offset: bool = False
    """The norm multiplies by 1 + weight (gemma)."""
    parallel: Callable[[PretrainedConfig], bool] = serial
    """Whether attention and MLP both read the stream that enters the block."""


_LLAMA = Adapter()
_SANDWICH = Adapter(
    attn_post_norm="post_attention_layernorm",
    mlp_norm="pre_feedforward_layernorm",
    mlp_post_norm="post_feedforward_layernorm",
    unit_offset=True,
)

ADAPTERS: dict[str, Adapter] = {
    "gpt2": Adapter(
        blocks="transformer.h",
        position_embed="transformer.wpe",
        final_norm="transformer.ln_f",
        attn="attn",
        attn_output="c_proj",
        queries=fused("c_attn", "queries"),
        keys=fused("c_attn", "keys"),
        values=fused("c_attn", "values"),
        attn_norm="ln_1",
        mlp_norm="ln_2",
    ),
    "gpt_neox": Adapter(
        blocks="gpt_neox.layers",
        final_norm="gpt_neox.final_layer_norm",
        attn="attention",
        attn_output="dense",
        queries=interleaved("query_key_value", 0),
        keys=interleaved("query_key_value", 1),
        values=interleaved("query_key_value", 2),
        parallel=lambda config: bool(config.use_parallel_residual),
    ),
    "llama": _LLAMA,
    "mistral": _LLAMA,
    "qwen2": _LLAMA,
    "qwen3": Adapter(query_norm="q_norm", key_norm="k_norm"),
    "gemma2": replace(_SANDWICH, score_cap="attn_logit_softcapping"),
    "gemma3_text": replace(_SANDWICH, query_norm="q_norm", key_norm="k_norm"),
    "olmo2": Adapter(
        query_norm="q_norm",
        key_norm="k_norm",
        attn_norm=None,
        attn_post_norm="post_attention_layernorm",
        mlp_norm=None,
        mlp_post_norm="post_feedforward_layernorm",
    ),
    "phi3": Adapter(
        queries=fused("qkv_proj", "queries"),
        keys=fused("qkv_proj", "keys"),
        values=fused("qkv_proj", "values"),
    ),
}
"""Rows by `model_type` of the Hugging Face configuration."""


def adapter_for(model_type: str) -> Adapter:
    """The row of a family.

    Raises:
        MicrotomeError: no row; names the nearest one and how to add one.
    """
    if model_type in ADAPTERS:
        return ADAPTERS[model_type]
    nearest = difflib.get_close_matches(model_type, ADAPTERS, n=1, cutoff=0.0)[0]
    raise MicrotomeError(
        f"model family {model_type!r} has no adapter; the nearest row is {nearest!r}. To add one, "
        f"copy that row in microtome/model/adapter.py, correct its module names and add the "
        f"family to tests/model/families.py. Known: {', '.join(sorted(ADAPTERS))}"
    )
