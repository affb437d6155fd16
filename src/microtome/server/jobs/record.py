"""One job: its state, and how its work reports and is stopped."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from microtome.atlas.page import OperandPlot, XRay
from microtome.circuit.verify.document import Verification
from microtome.errors import MicrotomeError
from microtome.server.attention import EdgeHeads, Heads, HeadScore
from microtome.server.schema import Entry, Job, Steering

State = Literal["queued", "running", "done", "failed", "cancelled"]
ENDED: tuple[State, ...] = ("done", "failed", "cancelled")


@dataclass(frozen=True)
class Download:
    """A file that a job made."""

    name: str
    media_type: str
    content: bytes


Result = (
    XRay
    | list[OperandPlot]
    | Entry
    | Verification
    | EdgeHeads
    | HeadScore
    | Heads
    | Steering
    | Download
)


class Cancelled(Exception):
    """Raised in a job's work when it is to stop."""


@dataclass(eq=False)
class Record:
    """A job as the queue keeps it; changed under the queue's lock alone."""

    id: str
    kind: str
    title: str
    work: "Callable[[Handle], Result] | None"
    """Forgotten when the job ends, with all that it holds."""
    state: State = "queued"
    done: int = 0
    total: int = 0
    message: str = ""
    result: Result | None = None
    stop: bool = False
    streamed: dict[str, list[str]] = field(default_factory=dict)
    """Replaced, never changed: others read it meanwhile."""
    bells: set[Callable[[], None]] = field(default_factory=set)
    """Rung at every change."""

    def job(self, place: int) -> Job:
        result = self.result.id if isinstance(self.result, Entry) else ""
        return Job(
            id=self.id,
            kind=self.kind,
            state=self.state,
            title=self.title,
            done=self.done,
            total=self.total,
            message=self.message,
            place=place,
            result=result,
            streamed=self.streamed,
        )

    def ring(self) -> None:
        for bell in tuple(self.bells):
            bell()


class Handle:
    """What a job's work holds: it reports, and learns that it is to stop."""

    def __init__(self, record: Record, seconds: float):
        self._record = record
        self._until = time.monotonic() + seconds
        self._seconds = seconds

    def progress(self, done: int, total: int) -> None:
        """Say how far the work is.

        Raises:
            Cancelled: somebody wants it to stop.
            MicrotomeError: it has taken too long.
        """
        self.check()
        self._record.done, self._record.total = done, total
        self._record.ring()

    def stream(self, name: str, token: str) -> None:
        """Show a new token of a text; as `progress`."""
        self.check()
        before = self._record.streamed
        self._record.streamed = {**before, name: [*before.get(name, []), token]}
        self._record.ring()

    def check(self) -> None:
        """Stop here if the job is to stop; as `progress`."""
        if self._record.stop:
            raise Cancelled
        if time.monotonic() > self._until:
            raise MicrotomeError(
                f"the job took more than {self._seconds:g} seconds; ask for fewer features or a "
                f"shorter text"
            )
