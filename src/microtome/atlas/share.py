"""A process's share of the forward passes that a corpus is cut into."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from jaxtyping import Int
from torch import Tensor

from microtome.data.block import Block, BlockSource, parts
from microtome.errors import MicrotomeError


@dataclass
class Share:
    """Forward passes rank, rank + world and so on; all are read, so that all processes know how
    much there was."""

    blocks: BlockSource
    tokens_at_once: int
    limit: int | None
    """Tokens of the corpus that are read, at most."""
    rank: int = 0
    world: int = 1
    read: int = 0
    """Tokens read so far, by all processes."""
    documents: int = 0
    longest: int = 0
    """Tokens of the longest row so far."""
    _digest: "hashlib.blake2b" = field(default_factory=lambda: hashlib.blake2b(digest_size=16))

    def passes(self, done: int = 0, digest: str = "") -> Iterator[tuple[int, Block]]:
        """Number and tokens of every pass of this process.

        Args:
            done: leave out passes up to this number of passes of all processes.
            digest: what `digest` was behind them.

        Raises:
            MicrotomeError: the tokens left out are not those that were read before.
        """
        last, seen = -1, 0
        for number, part in enumerate(
            parts(_limited(self.blocks(), self.limit), self.tokens_at_once)
        ):
            seen = number + 1
            self._digest.update(part.tokens.cpu().contiguous().numpy().tobytes())
            self.read += part.tokens.numel()
            self.longest = max(self.longest, part.tokens.shape[1])
            numbers = part.documents.unique()
            self.documents += len(numbers) - (int(part.documents[0, 0]) == last)
            last = int(part.documents[-1, -1])
            if seen == done and digest != self.digest():
                raise _another_corpus()
            if number >= done and number % self.world == self.rank:
                yield number, part
        if seen < done:
            raise _another_corpus()

    def digest(self) -> str:
        """Of the tokens of all passes so far."""
        return self._digest.hexdigest()


def _another_corpus() -> MicrotomeError:
    return MicrotomeError(
        "the corpus is not the one with which this atlas was begun; give that one, or remove the "
        "unfinished build and start again"
    )


def _limited(
    blocks: Iterable[Block | Int[Tensor, "_ _"]], limit: int | None
) -> Iterator[Block | Int[Tensor, "_ _"]]:
    """Blocks until so many tokens are reached; the last is cut to the rows that fit."""
    room = limit
    for block in blocks:
        if room is None:
            yield block
            continue
        rows, length = (block if isinstance(block, Tensor) else block.tokens).shape
        fitting = min(rows, room // max(length, 1))
        if fitting == rows:
            yield block
        elif fitting:
            yield (
                block[:fitting]
                if isinstance(block, Tensor)
                else Block(block.tokens[:fitting], block.documents[:fitting])
            )
        room -= fitting * length
        if fitting < rows:
            return
