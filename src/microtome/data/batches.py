"""Batches of activations: what a trainer asks for, and the rows of a corpus in memory."""

from hashlib import blake2b
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.errors import MicrotomeError


@runtime_checkable
class Batches(Protocol):
    """Rows of activations, mixed across documents, that can say and restore where they are."""

    @property
    def sites(self) -> tuple[str, ...]: ...

    @property
    def tokens_seen(self) -> int:
        """Rows handed out by `next` so far, on this rank."""
        ...

    @property
    def epoch(self) -> int:
        """How often the corpus has ended."""
        ...

    def next(self, n: int) -> dict[str, Float[Tensor, "row _"]]:
        """The next n rows by site, in float32; another epoch starts when the corpus ends."""
        ...

    def sample(self, n: int) -> dict[str, Float[Tensor, "row _"]]:
        """Up to n rows for measuring scales; `next` gives what it would have given without it."""
        ...

    def state(self) -> dict[str, Tensor]:
        """All that is needed to go on bit for bit."""
        ...

    def restore(self, state: dict[str, Tensor]) -> None:
        """Go on from a state of batches that were made with the same arguments.

        Raises:
            MicrotomeError: the state of other batches.
        """
        ...


class MemoryBatches:
    """Batches from rows that are all in memory, in a new order each epoch.

    With several ranks, each takes its share of one common order.

    Raises:
        MicrotomeError: no rows, or sites with different numbers of rows.
    """

    def __init__(
        self,
        activations: dict[str, Float[Tensor, "_ _"]],
        seed: int = 0,
        rank: int = 0,
        world: int = 1,
    ):
        lengths = {site: len(x) for site, x in activations.items()}
        if len(set(lengths.values())) != 1:
            raise MicrotomeError(f"the sites need equally many rows, but have {lengths}")
        self._rows = next(iter(lengths.values()))
        if self._rows < world:
            raise MicrotomeError(f"{self._rows} rows are too few for {world} processes")
        self._activations = activations
        self._rank, self._world = rank, world
        self._seed, self._epoch, self._at, self._seen = seed, 0, 0, 0
        self._order = self._epoch_order()

    @property
    def sites(self) -> tuple[str, ...]:
        return tuple(self._activations)

    @property
    def tokens_seen(self) -> int:
        return self._seen

    @property
    def epoch(self) -> int:
        return self._epoch

    def next(self, n: int) -> dict[str, Float[Tensor, "row _"]]:
        index: list[Tensor] = []
        missing = n
        while missing:
            if self._at == len(self._order):
                self._epoch, self._at = self._epoch + 1, 0
                self._order = self._epoch_order()
            index.append(self._order[self._at : self._at + missing])
            self._at += len(index[-1])
            missing -= len(index[-1])
        self._seen += n
        return self._take(torch.cat(index))

    def sample(self, n: int) -> dict[str, Float[Tensor, "row _"]]:
        generator = seeded(self._seed, "sample")
        return self._take(torch.randperm(self._rows, generator=generator)[:n])

    def state(self) -> dict[str, Tensor]:
        return numbers(seed=self._seed, epoch=self._epoch, at=self._at, tokens_seen=self._seen)

    def restore(self, state: dict[str, Tensor]) -> None:
        check_state(state, {"seed", "epoch", "at", "tokens_seen"})
        self._seed, self._epoch = int(state["seed"]), int(state["epoch"])
        self._at, self._seen = int(state["at"]), int(state["tokens_seen"])
        self._order = self._epoch_order()
        if self._at > len(self._order):
            raise MicrotomeError(
                f"the data state stands at row {self._at} of {len(self._order)}; resume with the "
                f"activations and number of processes of the interrupted run"
            )

    def _epoch_order(self) -> Int[Tensor, " _"]:
        order = torch.randperm(self._rows, generator=seeded(self._seed, self._epoch))
        return order[self._rank :: self._world]

    def _take(self, index: Int[Tensor, " row"]) -> dict[str, Float[Tensor, "row _"]]:
        return {
            site: x.index_select(0, index.to(x.device)).float()
            for site, x in self._activations.items()
        }


def seeded(*parts: int | str) -> torch.Generator:
    """A generator for one purpose, such as the order of one epoch, independent of all others."""
    digest = blake2b(repr(parts).encode(), digest_size=7).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big"))


def numbers(**values: int) -> dict[str, Tensor]:
    """Integers as the tensors that a state is made of."""
    return {name: torch.tensor(value) for name, value in values.items()}


def check_state(state: dict[str, Tensor], expected: set[str]) -> None:
    """Refuse the state of other batches.

    Raises:
        MicrotomeError: a part is missing, or there is one too many.
    """
    if different := sorted(expected ^ set(state)):
        has = "lacks" if different[0] in expected else "has"
        raise MicrotomeError(
            f"the data state {has} {different[0]!r}; resume with the sites and the kind of data "
            f"of the interrupted run"
        )
