"""Synthetic activations in blocks, as many as are wanted, each with the firings behind it."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from microtome.data.batches import seeded
from microtome.dictionary import Codes
from microtome.specimen.synthetic.options import SyntheticOptions
from microtome.specimen.synthetic.world import SyntheticWorld, make_world

_ENTRIES = 1 << 21
"""Numbers of a block, so that memory does not grow with the world."""
_MOST_ROWS = 4096
_CALIBRATION = 1 << 28
"""Numbers drawn at most to measure the size of the signal, from 256 to 16,384 rows."""


@dataclass(frozen=True)
class SyntheticBlock:
    """Some tokens: their activations, and which directions made them."""

    activations: Float[Tensor, "row d"]
    firings: Codes
    """The directions active on each row, with their sizes."""

    def __len__(self) -> int:
        return len(self.activations)


class SyntheticStream:
    """Activations x = sum of size times direction, plus noise, from a world of known directions.

    A block depends on the options, the seed of the stream and its own index alone: a stream can
    be entered anywhere, and holds one block in memory however long it is. Firings in a group have
    a Gaussian copula: each is a standard normal variable below its quantile, and those of a group
    share one with weight sqrt(correlation) (Emrich and Piedmonte 1991, "A method for generating
    high-dimensional multivariate binary variates", with one factor for each group).
    """

    def __init__(self, options: SyntheticOptions):
        self.options = options
        self.world: SyntheticWorld = make_world(options)
        self.block_rows = max(1, min(_MOST_ROWS, _ENTRIES // max(options.directions, options.d)))
        """Rows of every block."""
        chance = self.world.conditional
        self._chance = chance.float()
        self._quantile = torch.special.ndtri(chance.clamp(max=1.0)).float()
        self._noise = 0.0
        if options.noise:
            self._noise = options.noise * self._signal() / options.d**0.5

    def blocks(self, seed: int, start: int = 0) -> Iterator[SyntheticBlock]:
        """Blocks without end, from block number `start` on."""
        index = start
        while True:
            yield self.block(seed, index)
            index += 1

    def block(self, seed: int, index: int) -> SyntheticBlock:
        """One block of a stream."""
        generator = seeded(self.options.seed, "block", seed, index)
        firings = self._firings(self.block_rows, generator)
        activations = _sum(firings, self.world.directions)
        if self._noise:
            noise = torch.randn(activations.shape, generator=generator)
            activations += noise * self._noise
        return SyntheticBlock(activations, firings)

    def sample(self, rows: int, seed: int) -> SyntheticBlock:
        """The first rows of a stream, in memory at once."""
        count = -(-rows // self.block_rows)
        found = [self.block(seed, index) for index in range(count)]
        n = self.options.directions
        per_row = torch.cat([block.firings.offsets.diff() for block in found])[:rows]
        offsets = torch.cat([per_row.new_zeros(1), per_row.cumsum(0)])
        entries = int(offsets[-1])
        directions = torch.cat([block.firings.features for block in found])[:entries]
        values = torch.cat([block.firings.values for block in found])[:entries]
        activations = torch.cat([block.activations for block in found])[:rows]
        return SyntheticBlock(activations, Codes(n, offsets, directions, values))

    def _signal(self) -> float:
        """Root mean square norm of the activations without noise."""
        squares, rows, index = 0.0, 0, 0
        wanted = min(max(_CALIBRATION // self.options.directions, 256), 16_384)
        while rows < wanted:
            block = self._firings(self.block_rows, seeded(self.options.seed, "calibration", index))
            squares += float(_sum(block, self.world.directions).double().square().sum())
            rows, index = rows + block.n_rows, index + 1
        return (squares / rows) ** 0.5

    def _firings(self, rows: int, generator: torch.Generator) -> Codes:
        fires = self._which(rows, generator)
        offsets = torch.zeros(rows + 1, dtype=torch.long)
        offsets[1:] = fires.sum(1).cumsum(0)
        directions = fires.nonzero()[:, 1]
        sizes = _sizes(self.options, len(directions), generator)
        return Codes(self.options.directions, offsets, directions, sizes)

    def _which(self, rows: int, generator: torch.Generator) -> Bool[Tensor, "row direction"]:
        options, world = self.options, self.world
        fires = torch.rand(rows, options.directions, generator=generator) < self._chance
        grouped = (world.group >= 0).nonzero().squeeze(1)
        if options.correlation and len(grouped):
            own = torch.randn(rows, len(grouped), generator=generator)
            groups = int(world.group.max()) + 1
            shared = torch.randn(rows, groups, generator=generator)[:, world.group[grouped]]
            normal = options.correlation**0.5 * shared + (1 - options.correlation) ** 0.5 * own
            fires[:, grouped] = normal < self._quantile[grouped]
        for level in world.levels:
            fires[:, level] &= fires[:, world.parent[level]]
        return fires


def _sizes(options: SyntheticOptions, n: int, generator: torch.Generator) -> Float[Tensor, " n"]:
    if options.sizes == "uniform":
        span = options.size_high - options.size_low
        return torch.rand(n, generator=generator) * span + options.size_low
    normal = torch.randn(n, generator=generator)
    return options.size_median * torch.exp(options.size_spread * normal)


def _sum(firings: Codes, directions: Float[Tensor, "direction d"]) -> Float[Tensor, "row d"]:
    """Each row's directions times their sizes; work is proportional to the firings."""
    return torch.nn.functional.embedding_bag(
        firings.features,
        directions,
        firings.offsets,
        mode="sum",
        per_sample_weights=firings.values,
        include_last_offset=True,
    )
