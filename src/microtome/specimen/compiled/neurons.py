"""MLPs: neurons in pairs, of which each pair is 1 where something holds and 0 elsewhere, exactly.

relu(p) - relu(p - 1) is 0 for p <= 0 and 1 for p >= 1. With p = SHARP / margin * (what is read -
a threshold half a margin below what it is when it holds) nothing lies between, so what is written
does not carry on any inexactness of what was read.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.specimen.compiled.codes import code_margin
from microtome.specimen.compiled.program import Map
from microtome.specimen.compiled.space import Space
from microtome.specimen.compiled.tables import map_table

SHARP = 2.0
"""Input of a pair where it holds; minus this where it does not, or beyond: 1 and 0 would do."""

Vector = Float[Tensor, " stream"]


@dataclass(frozen=True)
class Neurons:
    """relu(x @ reads + bias) @ writes + constant."""

    reads: Float[Tensor, "stream neuron"]
    bias: Float[Tensor, " neuron"]
    writes: Float[Tensor, "neuron stream"]
    constant: Vector

    @staticmethod
    def none(stream: int) -> "Neurons":
        empty = torch.zeros(stream, 0, dtype=torch.float64)
        return Neurons(empty, empty[0], empty.T, torch.zeros(stream, dtype=torch.float64))

    @staticmethod
    def pairs(reads: list[Vector], writes: list[Vector], constant: Vector) -> "Neurons":
        """A pair for every reader: what it writes where its reader is 1 or more, nothing where it
        is 0 or less."""
        if not reads:
            return Neurons(*_fields(Neurons.none(len(constant)))[:3], constant)
        rows, written = torch.stack(reads), torch.stack(writes)
        bias = torch.zeros(len(rows), dtype=torch.float64)
        return Neurons(
            torch.cat([rows, rows]).T,
            torch.cat([bias, bias - 1]),
            torch.cat([written, -written]),
            constant,
        )

    def beside(self, other: "Neurons") -> "Neurons":
        """Both in one MLP."""
        return Neurons(
            torch.cat([self.reads, other.reads], dim=1),
            torch.cat([self.bias, other.bias]),
            torch.cat([self.writes, other.writes]),
            self.constant + other.constant,
        )


def _fields(neurons: Neurons) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return neurons.reads, neurons.bias, neurons.writes, neurons.constant


def map_neurons(
    space: Space,
    step: Map,
    vectors: Callable[[str], Float[Tensor, "value stream"]],
    constant: Vector,
) -> Neurons:
    """Neurons of a map: a pair for every leaf of its decision tree, but for the commonest value,
    which is written as a constant.

    Args:
        space: codes.
        step: the map.
        vectors: of a variable's values in the stream.
        constant: reads 1 from every token.
    """
    leaves = list(decisions(map_table(space.program, step)))
    sizes = np.zeros(len(step.values))
    for _, value in leaves:
        sizes[value] += 1
    usual = int(sizes.argmax())
    out = vectors(step.name)
    reads, writes = [], []
    for fixed, value in leaves:
        if value == usual or not fixed:
            continue
        names = [step.inputs[axis] for axis, _ in fixed]
        margin = min(code_margin(space.codes[name]) for name in names)
        read = sum(
            (vectors(name)[index] for name, (_, index) in zip(names, fixed, strict=True)),
            torch.zeros_like(constant),
        )
        # all that is fixed holds: len(fixed); one does not: at most that less the margin
        read = read - (len(fixed) - margin / 2) * constant
        reads.append(SHARP / (margin / 2) * read)
        writes.append(out[value] - out[usual])
    return Neurons.pairs(reads, writes, out[usual])


def decisions(
    table: Int[np.ndarray, "..."], fixed: tuple[tuple[int, int], ...] = ()
) -> Iterator[tuple[tuple[tuple[int, int], ...], int]]:
    """Leaves of a decision tree over a table's axes, in their order: (axis, index) pairs, and the
    value that is certain with them. Axes that do not matter are not asked for."""
    free = [axis for axis in range(table.ndim) if table.shape[axis] > 1]
    asked = next((axis for axis in free if not _same_along(table, axis)), None)
    if asked is None:
        yield fixed, int(table.flat[0])
        return
    for index in range(table.shape[asked]):
        part = table.take([index], axis=asked)
        yield from decisions(part, (*fixed, (asked, index)))


def _same_along(table: Int[np.ndarray, "..."], axis: int) -> bool:
    return bool((table == table.take([0], axis=axis)).all())


def count_neurons(
    shares: Float[Tensor, " count"],
    column: int,
    vectors: Float[Tensor, "value stream"],
    constant: Vector,
) -> Neurons:
    """Neurons that turn a share of attention into a count, and erase the share.

    Args:
        shares: what stands in the column for the counts 0, 1, 2, ...: falling.
        column: of the stream.
        vectors: of the counts; the last one also stands for all that are larger.
        constant: reads 1 from every token.
    """
    reads, writes = [], []
    most = len(vectors) - 1
    stream = len(constant)
    share = torch.eye(stream, dtype=torch.float64)[column]
    for count, (here, after) in enumerate(pairwise(shares)):
        # on where the count is this or less
        half = (here - after) / 2
        reads.append(SHARP / half * (share - (here + after) / 2 * constant))
        value = vectors[min(count, most)] - vectors[min(count + 1, most)]
        writes.append(value - (here - after) * share)
    return Neurons.pairs(reads, writes, vectors[most] - shares[-1] * share)
