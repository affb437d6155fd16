"""Tiny random models of every family, with non-zero biases and non-unit norms."""

import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    Gemma3TextConfig,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    MistralConfig,
    Olmo2Config,
    Phi3Config,
    PretrainedConfig,
    Qwen2Config,
    Qwen3Config,
)

from microtome.model import LanguageModel

LAYERS, D, HEADS, KV, D_HEAD, VOCABULARY, POSITIONS = 3, 24, 4, 2, 6, 48, 40

_COMMON = {
    "vocab_size": VOCABULARY,
    "hidden_size": D,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": 40,
    "max_position_embeddings": POSITIONS,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
_GROUPED = {**_COMMON, "num_key_value_heads": KV}

CONFIGS: dict[str, PretrainedConfig] = {
    "gpt2": GPT2Config(
        vocab_size=VOCABULARY, n_positions=POSITIONS, n_embd=D, n_layer=LAYERS, n_head=HEADS,
        bos_token_id=1, eos_token_id=2, pad_token_id=0,
    ),
    "gpt_neox": GPTNeoXConfig(**_COMMON, use_parallel_residual=True, rotary_pct=0.5),
    "gpt_neox-serial": GPTNeoXConfig(**_COMMON, use_parallel_residual=False),
    "llama": LlamaConfig(**_GROUPED, attention_bias=True, mlp_bias=True),
    "mistral": MistralConfig(**_GROUPED, sliding_window=4, head_dim=D_HEAD),
    "qwen2": Qwen2Config(**_GROUPED),
    "qwen3": Qwen3Config(**_GROUPED, head_dim=8, attention_bias=True),
    "gemma2": Gemma2Config(
        **_GROUPED, head_dim=8, sliding_window=4, query_pre_attn_scalar=8,
        attn_logit_softcapping=2.0, final_logit_softcapping=3.0,
    ),
    "gemma3": Gemma3TextConfig(**_GROUPED, head_dim=8, sliding_window=4, query_pre_attn_scalar=8),
    "olmo2": Olmo2Config(**_GROUPED),
    "phi3": Phi3Config(**_GROUPED),
    "llama-tied": LlamaConfig(**_GROUPED, tie_word_embeddings=True),
}  # fmt: skip

FAMILIES = list(CONFIGS)


def tiny_model(family: str, dtype: torch.dtype = torch.float64, seed: int = 0) -> LanguageModel:
    """A random model of a family: every parameter, norm weights and biases included, is random."""
    torch.manual_seed(seed)
    hf = AutoModelForCausalLM.from_config(CONFIGS[family])
    with torch.no_grad():
        for parameter in hf.parameters():
            spread = 0.3 if parameter.ndim == 1 else 0.15
            parameter.add_(torch.randn_like(parameter) * spread)
    return LanguageModel(hf.to(dtype), name=family)


def tokens(n: int = 9, seed: int = 0) -> torch.Tensor:
    """A random prompt, [1, n]."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(3, VOCABULARY, (1, n), generator=generator)
