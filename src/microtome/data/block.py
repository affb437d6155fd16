"""Blocks: tokens of one length that a model reads at once, and the documents they are from."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import torch
from jaxtyping import Int
from torch import Tensor


@dataclass(frozen=True)
class Block:
    """Rows of tokens without padding."""

    tokens: Int[Tensor, "batch position"]
    documents: Int[Tensor, "batch position"]
    """Number of the document that each token is from, in the order of the corpus."""


BlockSource = Callable[[], Iterable[Block | Int[Tensor, "_ _"]]]
"""Starts the blocks of a corpus from the beginning, once for every epoch. In a plain tensor every
row is a document."""


def parts(
    blocks: Iterable[Block | Int[Tensor, "_ _"]],
    tokens_at_once: int,
    start: int = 0,
    rank: int = 0,
    world: int = 1,
) -> Iterator[Block]:
    """Blocks cut so that a forward pass has at most so many tokens (or one row).

    Args:
        blocks: of a corpus.
        tokens_at_once: tokens of a part.
        start: leave out so many parts at the beginning of this rank's share.
        rank: of this process: it takes parts rank, rank + world and so on.
        world: number of processes that share the parts.
    """
    return islice(_parts(blocks, tokens_at_once), start * world + rank, None, world)


def _parts(blocks: Iterable[Block | Int[Tensor, "_ _"]], tokens_at_once: int) -> Iterator[Block]:
    first_document = 0
    for block in blocks:
        if isinstance(block, Tensor):
            numbers = torch.arange(first_document, first_document + len(block))
            first_document += len(block)
            block = Block(block, numbers[:, None].expand(-1, block.shape[1]))
        rows = max(tokens_at_once // max(block.tokens.shape[1], 1), 1)
        for tokens, documents in zip(
            block.tokens.split(rows), block.documents.split(rows), strict=True
        ):
            yield Block(tokens, documents)
