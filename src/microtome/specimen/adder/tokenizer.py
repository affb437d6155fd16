"""The adder's tokenizer: words and numbers between blanks, one token each, <s> in front."""

from transformers import PreTrainedTokenizerFast

from microtome.specimen.adder.world import vocabulary
from microtome.specimen.word_tokenizer import word_tokenizer

CONTEXT = 32
"""Positions that the adder can read."""


def build_tokenizer() -> PreTrainedTokenizerFast:
    """A Hugging Face tokenizer over the adder's vocabulary."""
    return word_tokenizer(vocabulary(), CONTEXT)
