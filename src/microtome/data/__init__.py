"""From texts to token blocks to activations."""

from microtome.data.corpus import read_texts, split_documents
from microtome.data.harvest import harvest
from microtome.data.tokens import tokenize_texts

__all__ = ["harvest", "read_texts", "split_documents", "tokenize_texts"]
