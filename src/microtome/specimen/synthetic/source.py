"""Synthetic activations as rows to store or to train on."""

from collections.abc import Iterator

import torch

from microtome.data import Rows
from microtome.specimen.synthetic.stream import SyntheticStream

SITE = "blocks.0.resid.post"
"""Where they are said to be from: dictionaries read sites."""


class SyntheticSource:
    """One stream of synthetic activations as a `RowSource`, endless, a block at a time.

    Args:
        stream: of the world.
        seed: of the stream.
        site: name that the rows get.
    """

    def __init__(self, stream: SyntheticStream, seed: int = 0, site: str = SITE):
        self._stream, self._seed, self._site = stream, seed, site

    @property
    def sites(self) -> tuple[str, ...]:
        return (self._site,)

    def __call__(self, start: int = 0) -> Iterator[Rows]:
        """Rows, numbered in place of tokens, from block `start` on; each block is a document."""
        for number, block in enumerate(self._stream.blocks(self._seed, start), start):
            position = torch.arange(len(block))
            yield Rows(
                activations={self._site: block.activations},
                tokens=number * self._stream.block_rows + position,
                documents=torch.full_like(position, number),
                positions=position,
            )
