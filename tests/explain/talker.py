"""A tiny random language model that reads and writes any text, byte by byte."""

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from microtome.model import LanguageModel


def talker() -> LanguageModel:
    torch.manual_seed(0)
    bytes_ = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {character: i for i, character in enumerate(bytes_)}
    backend = Tokenizer(models.BPE(vocabulary, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    config = LlamaConfig(
        vocab_size=len(vocabulary), hidden_size=16, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=4096, bos_token_id=None, eos_token_id=None,
        pad_token_id=0, initializer_range=0.5,
    )  # fmt: skip
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend)
    return LanguageModel(LlamaForCausalLM(config), tokenizer, "talker")
