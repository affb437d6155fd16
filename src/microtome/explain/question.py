"""Questions to a language model, and what answers them."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from microtome.errors import MicrotomeError


@dataclass(frozen=True)
class Question:
    """A conversation that waits for its answer."""

    system: str
    user: str
    max_tokens: int
    """Of the answer, at most."""
    again: int = 0
    """How often it has been put before; an answer is drawn at random then, greedy at first."""

    @property
    def temperature(self) -> float:
        return 0.7 if self.again else 0.0

    @property
    def messages(self) -> list[dict[str, str]]:
        return [
            {"role": "system", "content": self.system},
            {"role": "user", "content": self.user},
        ]


class Stopped(MicrotomeError):
    """There will be no more answers: the budget is used up, or the endpoint does not answer."""


@runtime_checkable
class Answerer(Protocol):
    """A language model."""

    @property
    def name(self) -> str: ...

    @property
    def at_once(self) -> int:
        """Questions that it answers at the same time."""
        ...

    async def answer(self, question: Question) -> str:
        """
        Raises:
            Stopped: there will be no answer.
        """
        ...

    async def close(self) -> None:
        """Let go of connections; the next question opens them again."""
        ...
