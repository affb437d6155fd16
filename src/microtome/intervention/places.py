"""Which positions of which runs of a batch an intervention is at."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.errors import MicrotomeError
from microtome.intervention.description import Intervention

_END = 2**62


@dataclass
class Clock:
    """Where in the text a forward pass stands: with a cache it sees only what is new."""

    start: int = 0
    _next: int = 0
    cached: bool = False

    def tick(self, x: Float[Tensor, "batch position d"]) -> None:
        """Called as a pass begins."""
        if self.cached:
            self.start, self._next = self._next, self._next + x.shape[1]


@dataclass(frozen=True)
class Places:
    """Rows of a batch, and from which position up to which (exclusive)."""

    row: Int[Tensor, " n"]
    start: Int[Tensor, " n"]
    stop: Int[Tensor, " n"]

    def __len__(self) -> int:
        return len(self.row)

    @staticmethod
    def of(rows: list[int], spans: list[tuple[int, int]], device: torch.device) -> "Places":
        start, stop = torch.tensor(spans, device=device, dtype=torch.long).view(-1, 2).unbind(1)
        return Places(torch.tensor(rows, device=device, dtype=torch.long), start, stop)

    def within(self, start: int, length: int) -> tuple[Int[Tensor, " m"], Int[Tensor, " m"]]:
        """Every single place inside a pass over some positions.

        Returns:
            The entry that each comes from, and its position counted from `start`.
        """
        first = self.start.clamp(min=start)
        counts = (self.stop.clamp(max=start + length) - first).clamp(min=0)
        entry = torch.repeat_interleave(counts)
        before = counts.cumsum(0) - counts
        at = torch.arange(len(entry), device=entry.device) - before[entry]
        return entry, first[entry] - start + at


def spans(
    intervention: Intervention, n_prompt: int, first: int = 0, open_ended: bool = False
) -> Iterable[tuple[int, int]]:
    """Positions of an intervention as ranges.

    Args:
        intervention: whose `positions` are meant.
        n_prompt: tokens of the prompt.
        first: where `all` and `prompt` begin.
        open_ended: whether there will be tokens after the prompt.

    Raises:
        MicrotomeError: a position that is not in the prompt, or generated tokens where none are.
    """
    positions = intervention.positions
    if positions == "generated" and not open_ended:
        raise MicrotomeError(
            "an intervention is at generated tokens, but this run generates none; take positions "
            "of the prompt, or 'all'"
        )
    if isinstance(positions, tuple):
        return [_single(position, n_prompt) for position in positions]
    return {
        "all": [(first, _END)],
        "prompt": [(first, n_prompt)],
        "last": [(n_prompt - 1, n_prompt)],
        "generated": [(n_prompt, _END)],
    }[positions]


def _single(position: int, n: int) -> tuple[int, int]:
    if not -n <= position < n:
        raise MicrotomeError(
            f"position {position} is not in a prompt of {n} tokens (0 to {n - 1}, or -{n} to -1)"
        )
    return position % n, position % n + 1
