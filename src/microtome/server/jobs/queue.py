"""A queue of jobs with one worker, whose state can be asked for and watched from anywhere."""

import asyncio
import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from microtome.errors import MicrotomeError
from microtome.server.jobs.record import ENDED, Cancelled, Download, Handle, Record, Result, State
from microtome.server.schema import Job
from microtome.server.settings import Limits
from microtome.server.threads import join_or_outlive

_log = logging.getLogger(__name__)
_NOT_OFTENER = 0.05
"""Seconds between two events of one job."""
_SILENCE = 15.0
"""Seconds after which a stream is told that it still stands."""


class QueueFull(MicrotomeError):
    """Too many jobs wait."""


class UnknownJob(MicrotomeError):
    """No job has the id, or it is forgotten."""


class Unfinished(MicrotomeError):
    """A job has no result: not yet, or never."""


class JobQueue:
    """Runs jobs one after the other on a thread of its own."""

    def __init__(self, limits: Limits):
        self._limits = limits
        self._records: OrderedDict[str, Record] = OrderedDict()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, kind: str, title: str, work: Callable[[Handle], Result]) -> Job:
        """Queue work.

        Raises:
            QueueFull: so many wait that another would not come to its turn.
        """
        with self._changed:
            if self._closed:
                raise QueueFull("the server is shutting down; start it again")
            if len(self._queued()) >= self._limits.queued_jobs:
                raise QueueFull(
                    f"{self._limits.queued_jobs} jobs are waiting already; cancel one or try again "
                    f"later"
                )
            record = Record(secrets.token_hex(8), kind, title, work)
            self._records[record.id] = record
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
                self._thread.start()
            self._changed.notify_all()
            return self._job(record)

    def jobs(self) -> list[Job]:
        """Those remembered, the newest first."""
        with self._changed:
            return [self._job(record) for record in reversed(self._records.values())]

    def job(self, id: str) -> Job:
        """How far a job is.

        Raises:
            UnknownJob: no such job.
        """
        with self._changed:
            return self._job(self._record(id))

    def cancel(self, id: str) -> Job:
        """Stop a job: at once if it is queued, at its next report if it runs.

        Raises:
            UnknownJob: no such job.
        """
        with self._changed:
            record = self._record(id)
            self._stop(record)
            return self._job(record)

    def result(self, id: str) -> Result:
        """What a job made.

        Raises:
            UnknownJob: no such job.
            Unfinished: it is not done, failed, was cancelled, or its result is forgotten.
        """
        with self._changed:
            record = self._record(id)
            if record.state == "failed":
                raise Unfinished(f"the job failed: {record.message}")
            if record.state != "done":
                raise Unfinished(f"the job is {record.state}; it has no result")
            if record.result is None:
                raise Unfinished("the job's result is forgotten; ask for it again")
            return record.result

    async def watch(self, id: str) -> AsyncIterator[Job | None]:
        """The job now and after every change, until it ends; None where long nothing happened.

        Raises:
            UnknownJob: no such job.
        """
        loop, event = asyncio.get_running_loop(), asyncio.Event()

        def bell() -> None:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(event.set)

        with self._changed:
            record = self._record(id)
            record.bells.add(bell)
        last: Job | None = None
        try:
            while True:
                event.clear()
                with self._changed:
                    job = self._job(record)
                if job != last:
                    last = job
                    yield job
                if job.state in ENDED:
                    return
                try:
                    async with asyncio.timeout(_SILENCE):
                        await event.wait()
                except TimeoutError:
                    yield None
                await asyncio.sleep(_NOT_OFTENER)
        finally:
            record.bells.discard(bell)

    def close(self, seconds: float = 1.0) -> None:
        """Cancel all jobs and wait for the running one, but not for ever."""
        with self._changed:
            self._closed = True
            for record in self._records.values():
                self._stop(record)
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            join_or_outlive(thread, seconds)

    # -- inside --------------------------------------------------------------------------------

    def _queued(self) -> list[Record]:
        return [record for record in self._records.values() if record.state == "queued"]

    def _record(self, id: str) -> Record:
        if (record := self._records.get(id)) is None:
            raise UnknownJob("no job has this id; it may be forgotten")
        return record

    def _job(self, record: Record) -> Job:
        queued = self._queued()
        return record.job(queued.index(record) + 1 if record in queued else 0)

    def _stop(self, record: Record) -> None:
        record.stop = True
        if record.state == "queued":
            self._end(record, "cancelled")

    def _end(
        self, record: Record, state: State, message: str = "", result: Result | None = None
    ) -> None:
        record.state, record.message, record.result = state, message, result
        record.work = None
        self._forget()
        for other in (record, *self._queued()):  # the others' places have changed
            other.ring()

    def _forget(self) -> None:
        ended = [record for record in self._records.values() if record.state in ENDED]
        for record in ended[: -self._limits.kept_jobs]:
            del self._records[record.id]
        done = [record for record in ended if record.result is not None]
        for record in done[: -self._limits.kept_results]:
            record.result, record.streamed = None, {}
        files = [record for record in done if isinstance(record.result, Download)]
        for record in files[:-1]:  # they may be large
            record.result = None

    def _run(self) -> None:
        while (record := self._next()) is not None:
            state, message, result = self._outcome(record)
            with self._changed:
                self._end(record, state, message, result)

    def _next(self) -> Record | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._queued())
            if self._closed:
                return None
            record = self._queued()[0]
            record.state = "running"
            for other in (record, *self._queued()):
                other.ring()
            return record

    def _outcome(self, record: Record) -> tuple[State, str, Result | None]:
        """Do the work; whatever goes wrong becomes one sentence."""
        handle = Handle(record, self._limits.job_seconds)
        work = record.work
        assert work is not None, "a job that runs has work"
        try:
            handle.check()
            return "done", "", work(handle)
        except Cancelled:
            return "cancelled", "", None
        except MicrotomeError as error:
            return "failed", str(error), None
        except (MemoryError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and "memory" not in str(error):
                _log.exception("job %s", record.kind)
                return "failed", f"the {record.kind} failed: {_line(error)}", None
            return "failed", "out of memory; ask for fewer features or a shorter text", None
        except Exception as error:
            _log.exception("job %s", record.kind)
            return "failed", f"the {record.kind} failed: {_line(error)}", None


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
