"""The architecture of trained specimens: a Llama of a few million parameters."""

import torch
from transformers import LlamaConfig, LlamaForCausalLM


def small_llama(
    vocabulary: int, context: int, *, layers: int, d_model: int, heads: int, d_mlp: int, seed: int
) -> LlamaForCausalLM:
    """An untrained model, initialised from a seed; tokens 0, 1 and 2 are padding, start and end.

    Args:
        vocabulary: tokens that it knows.
        context: positions that it can read.
        layers, d_model, heads, d_mlp: its sizes.
        seed: of its weights.
    """
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=d_model,
        intermediate_size=d_mlp,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        max_position_embeddings=context,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        tie_word_embeddings=False,
    )
    return LlamaForCausalLM(config)
