"""Directions, heads and whole sites changed in a run."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.intervention.places import Clock, Places


@dataclass(frozen=True)
class DirectionEntries:
    """New component = factor * old + offset, counted in multiples of each vector."""

    places: Places
    vector: Float[Tensor, "n d"]
    factor: Float[Tensor, " n"]
    offset: Float[Tensor, " n"]

    def edit(self, clock: Clock):
        def change(x: Tensor) -> Tensor:
            entry, at = self.places.within(clock.start, x.shape[1])
            row, vector = self.places.row[entry], self.vector[entry].to(x.dtype)
            factor, offset = self.factor[entry].to(x.dtype), self.offset[entry].to(x.dtype)
            # a direction that is only added to is not divided by its length, which may be 0
            moves = factor != 1
            length = torch.where(moves, (vector * vector).sum(-1), 1.0)
            component = torch.where(moves, (x[row, at] * vector).sum(-1) / length, 0.0)
            by = (factor - 1) * component + offset
            return x.index_put((row, at), by[:, None] * vector, accumulate=True)

        return change


@dataclass(frozen=True)
class BlockEntries:
    """New value = factor * old + offset, of columns of a site: one head's, or all."""

    places: Places
    columns: tuple[slice, ...]
    factor: tuple[float, ...]
    offset: tuple[Tensor | None, ...]
    """By entry, [positions of the other prompt, columns]; None for nothing."""

    def edit(self, clock: Clock):
        def change(x: Tensor) -> Tensor:
            out = x.clone()
            for i in range(len(self.places)):
                first = max(int(self.places.start[i]) - clock.start, 0)
                last = min(int(self.places.stop[i]) - clock.start, x.shape[1])
                if first >= last:
                    continue
                block = (int(self.places.row[i]), slice(first, last), self.columns[i])
                out[block] = self.factor[i] * x[block]
                given = self.offset[i]
                if given is not None:
                    out[block] += given[clock.start + first : clock.start + last].to(x.dtype)
            return out

        return change
