"""From texts to token blocks to activations."""

from microtome.data.batches import Batches, MemoryBatches
from microtome.data.block import Block, BlockSource
from microtome.data.corpus import fingerprint_corpus, read_texts
from microtome.data.harvest import (
    ActivationSource,
    Rows,
    harvest_all,
    stream_activations,
)
from microtome.data.policy import TokenPolicy, special_tokens
from microtome.data.shuffle import RowSource, ShuffleBuffer
from microtome.data.split import held_out, held_out_texts, split_documents, training_texts
from microtome.data.store import ActivationStore
from microtome.data.store_writer import write_store
from microtome.data.tokens import token_blocks, tokenize_texts

__all__ = [
    "ActivationSource",
    "ActivationStore",
    "Batches",
    "Block",
    "BlockSource",
    "MemoryBatches",
    "RowSource",
    "Rows",
    "ShuffleBuffer",
    "TokenPolicy",
    "fingerprint_corpus",
    "harvest_all",
    "held_out",
    "held_out_texts",
    "read_texts",
    "special_tokens",
    "split_documents",
    "stream_activations",
    "token_blocks",
    "tokenize_texts",
    "training_texts",
    "write_store",
]
