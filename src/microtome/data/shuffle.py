"""The shuffle buffer: batches from a stream, mixed across documents."""

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.data.batches import check_state, numbers, seeded
from microtome.data.harvest import Rows
from microtome.errors import MicrotomeError


@runtime_checkable
class RowSource(Protocol):
    """A stream that can be started again, such as an `ActivationSource`."""

    @property
    def sites(self) -> Sequence[str]: ...

    def __call__(self, start: int = 0) -> Iterator[Rows]:
        """The same stream every time, without its first `start` rows objects."""
        ...


class ShuffleBuffer:
    """Batches drawn at random, without replacement, from a buffer of rows.

    The buffer is filled from the stream whenever half of it has been drawn, so a batch mixes the
    tokens of all documents that half of it or more holds. The next epoch's rows follow those of
    the last without a seam. A corpus that is smaller than the buffer fills it several times over:
    put it into `MemoryBatches` instead.

    Args:
        source: where rows come from.
        rows: size of the buffer.
        seed: of the order.
        device: where the buffer is kept.
    """

    def __init__(
        self,
        source: RowSource,
        rows: int,
        seed: int = 0,
        device: str | torch.device = "cpu",
    ):
        if rows < 2:
            raise MicrotomeError(f"a shuffle buffer of {rows} rows mixes nothing; give it more")
        self._source, self._rows, self._device = source, rows, device
        self._seed = seed
        self._generator = seeded(seed)
        self._buffer: dict[str, Tensor] = {}
        self._order: Int[Tensor, " slot"] = torch.arange(rows)
        self._drawn = rows
        """Slots `_order[:_drawn]` are free, the others are drawn in this order."""
        self._pending: dict[str, Tensor] = {}
        """Rows of the last part that found no room."""
        self._stream: Iterator[Rows] | None = None
        self._parts, self._epoch, self._seen = 0, 0, 0

    @property
    def sites(self) -> tuple[str, ...]:
        return tuple(self._source.sites)

    @property
    def tokens_seen(self) -> int:
        return self._seen

    @property
    def epoch(self) -> int:
        return self._epoch

    def next(self, n: int) -> dict[str, Float[Tensor, "row _"]]:
        drawn: list[dict[str, Tensor]] = []
        missing = n
        while missing:
            self._refill()
            take = min(missing, self._rows - self._drawn - self._rows // 2)
            slots = self._order[self._drawn : self._drawn + take]
            drawn.append(self._take(slots))
            self._drawn += take
            missing -= take
        self._seen += n
        if len(drawn) == 1:
            return drawn[0]
        return {site: torch.cat([rows[site] for rows in drawn]) for site in self.sites}

    def sample(self, n: int) -> dict[str, Float[Tensor, "row _"]]:
        self._refill()
        held = self._order[self._drawn :]
        chosen = torch.randperm(len(held), generator=seeded(self._seed, "sample"))[:n]
        return self._take(held[chosen])

    def state(self) -> dict[str, Tensor]:
        self._refill()
        state = numbers(
            seed=self._seed,
            drawn=self._drawn,
            parts=self._parts,
            epoch=self._epoch,
            tokens_seen=self._seen,
        )
        state |= {"order": self._order.clone(), "generator": self._generator.get_state()}
        for name, rows in (("buffer", self._buffer), ("pending", self._pending)):
            state |= {f"{name}/{site}": x.cpu().clone() for site, x in rows.items()}
        return state

    def restore(self, state: dict[str, Tensor]) -> None:
        """Go on from a state; the parts already read are tokenized again, but not run.

        Raises:
            MicrotomeError: the state of another buffer.
        """
        rows = {f"{name}/{site}" for name in ("buffer", "pending") for site in self.sites}
        single = {"seed", "drawn", "parts", "epoch", "tokens_seen", "order", "generator"}
        check_state(state, rows | single)
        if len(state["order"]) != self._rows:
            raise MicrotomeError(
                f"the data state is of a buffer of {len(state['order'])} rows, not {self._rows}; "
                f"resume with the buffer size of the interrupted run"
            )
        self._seed, self._drawn = int(state["seed"]), int(state["drawn"])
        self._parts, self._epoch = int(state["parts"]), int(state["epoch"])
        self._seen = int(state["tokens_seen"])
        self._order = state["order"].cpu().clone()
        self._generator.set_state(state["generator"].cpu())
        device = self._device
        self._buffer = {s: state[f"buffer/{s}"].to(device, copy=True) for s in self.sites}
        self._pending = {s: state[f"pending/{s}"].to(device, copy=True) for s in self.sites}
        self._stream = None

    # -- the stream ----------------------------------------------------------------------------

    def _refill(self) -> None:
        """Fill the free slots and draw a new order, once half of the buffer has been drawn."""
        if self._rows - self._drawn > self._rows // 2:
            return
        free = self._order[: self._drawn]
        while len(free):
            if not self._pending_rows():
                self._pending = self._next_part()
            n = min(self._pending_rows(), len(free))
            self._put(free[:n])
            free = free[n:]
        self._order = torch.randperm(self._rows, generator=self._generator)
        self._drawn = 0

    def _pending_rows(self) -> int:
        return len(next(iter(self._pending.values()))) if self._pending else 0

    def _put(self, slots: Int[Tensor, " slot"]) -> None:
        """Move pending rows into slots."""
        n = len(slots)
        for site, x in self._pending.items():
            if site not in self._buffer:
                self._buffer[site] = x.new_empty(self._rows, x.shape[1])
            self._buffer[site][slots.to(x.device)] = x[:n]
            self._pending[site] = x[n:]

    def _next_part(self) -> dict[str, Tensor]:
        """Rows of the next part that has any, in the next epoch where this one has ended."""
        ended = 0
        while ended < 2:
            if self._stream is None:
                self._stream = self._source(self._parts)
            for rows in self._stream:
                self._parts += 1
                if len(rows):
                    return {site: x.to(self._device) for site, x in rows.activations.items()}
            self._stream = None
            self._epoch, self._parts, ended = self._epoch + 1, 0, ended + 1
        raise MicrotomeError(
            "the corpus gives no token that counts; give more text, or, where an epoch has been "
            "read before, a source that can be read again instead of an iterator"
        )

    def _take(self, slots: Int[Tensor, " row"]) -> dict[str, Float[Tensor, "row _"]]:
        return {
            site: x.index_select(0, slots.to(x.device)).float() for site, x in self._buffer.items()
        }
