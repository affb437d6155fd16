"""The queue: one job at a time, watched, cancelled, refused when full."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from microtome.atlas.page import OperandPlot
from microtome.errors import MicrotomeError
from microtome.server.jobs import Download, Handle, JobQueue, QueueFull, Unfinished, UnknownJob
from microtome.server.schema import Job
from microtome.server.settings import Limits

PLOT = OperandPlot(guise="equation", position=1, token="x", maximum=1.0, values=[[1.0]])


@pytest.fixture
def queue() -> Iterator[JobQueue]:
    made = JobQueue(Limits(queued_jobs=3, kept_jobs=4, kept_results=2))
    yield made
    made.close()


class Gate:
    """Work that says when it begins and goes on when it is let."""

    def __init__(self):
        self.begun, self.let = threading.Event(), threading.Event()

    def __call__(self, handle: Handle) -> list[OperandPlot]:
        self.begun.set()
        for step in range(1000):
            handle.progress(step, 1000)
            if self.let.wait(0.005):
                break
        return [PLOT]


def quick(handle: Handle) -> list[OperandPlot]:
    handle.progress(1, 1)
    return [PLOT]


def ended(queue: JobQueue, id: str) -> Job:
    """The job when it has ended."""

    async def last() -> Job:
        return [job async for job in queue.watch(id) if job is not None][-1]

    return asyncio.run(asyncio.wait_for(last(), 10))


def test_a_job_runs_and_leaves_its_result(queue: JobQueue):
    job = queue.submit("operands", "a plot", quick)
    assert job.state in ("queued", "running", "done")
    assert ended(queue, job.id).model_dump() | {"id": ""} == {
        "id": "", "kind": "operands", "state": "done", "title": "a plot", "done": 1, "total": 1,
        "message": "", "place": 0, "result": "", "streamed": {},
    }  # fmt: skip
    assert queue.result(job.id) == [PLOT]


def test_one_job_at_a_time_and_places_in_the_queue(queue: JobQueue):
    gates = [Gate() for _ in range(3)]
    jobs = [queue.submit("xray", str(i), gate) for i, gate in enumerate(gates)]
    assert gates[0].begun.wait(5)
    assert [queue.job(job.id).place for job in jobs] == [0, 1, 2]
    assert not gates[1].begun.is_set()
    with pytest.raises(Unfinished, match="the job is running"):
        queue.result(jobs[0].id)
    gates[0].let.set()
    assert gates[1].begun.wait(5)
    assert not gates[2].begun.is_set()
    assert [queue.job(job.id).place for job in jobs] == [0, 0, 1]
    gates[1].let.set()
    gates[2].let.set()
    assert ended(queue, jobs[2].id).state == "done"


def test_a_full_queue_refuses(queue: JobQueue):
    gate = Gate()
    queue.submit("xray", "", gate)
    assert gate.begun.wait(5)
    waiting = [queue.submit("xray", "", quick) for _ in range(3)]
    with pytest.raises(QueueFull, match="3 jobs are waiting already"):
        queue.submit("xray", "", quick)
    queue.cancel(waiting[0].id)
    queue.submit("xray", "", quick)


def test_cancelling_queued_and_running_jobs(queue: JobQueue):
    gate, never = Gate(), Gate()
    running, queued = queue.submit("trace", "", gate), queue.submit("trace", "", never)
    assert gate.begun.wait(5)
    assert queue.cancel(queued.id).state == "cancelled"
    queue.cancel(running.id)
    assert ended(queue, running.id).state == "cancelled"
    assert not never.begun.is_set()
    assert queue.cancel(running.id).state == "cancelled"  # again does nothing
    with pytest.raises(Unfinished, match="cancelled"):
        queue.result(running.id)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MicrotomeError("the prompt is empty"), "the prompt is empty"),
        (MemoryError(), "out of memory; ask for fewer features or a shorter text"),
        (RuntimeError("CUDA out of memory\nmany lines"), "out of memory; ask for fewer features"),
        (RuntimeError("size mismatch\nmany lines"), "the trace failed: size mismatch"),
        (KeyError("x"), "the trace failed: 'x'"),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_failures_are_one_sentence(queue: JobQueue, error: Exception, message: str):
    def work(handle: Handle):
        raise error

    job = ended(queue, queue.submit("trace", "", work).id)
    assert job.state == "failed"
    assert job.message.startswith(message) and "\n" not in job.message
    assert ended(queue, queue.submit("trace", "", quick).id).state == "done"  # the worker lives


def test_a_job_that_takes_too_long_is_ended():
    queue = JobQueue(Limits(job_seconds=0.02))
    job = ended(queue, queue.submit("trace", "", Gate()).id)
    queue.close()
    assert (job.state, job.message[:38]) == ("failed", "the job took more than 0.02 seconds; a")


def test_old_jobs_and_results_are_forgotten(queue: JobQueue):
    jobs = [queue.submit("xray", str(i), quick) for i in range(1)]
    for i in range(1, 6):
        ended(queue, jobs[-1].id)
        jobs.append(queue.submit("xray", str(i), quick))
    ended(queue, jobs[-1].id)
    assert [job.title for job in queue.jobs()] == ["5", "4", "3", "2"]
    with pytest.raises(UnknownJob):
        queue.job(jobs[0].id)
    with pytest.raises(Unfinished, match="forgotten"):
        queue.result(jobs[2].id)
    assert queue.result(jobs[5].id) == [PLOT]


def test_one_file_is_kept(queue: JobQueue):
    files = [Download(f"{i}.zip", "application/zip", b"") for i in range(2)]
    jobs = []
    for file in files:
        jobs.append(queue.submit("steer-hook", "", lambda handle, file=file: file))
        ended(queue, jobs[-1].id)
    with pytest.raises(Unfinished, match="forgotten"):
        queue.result(jobs[0].id)
    assert queue.result(jobs[1].id) == files[1]


def test_closing_cancels_everything_soon(queue: JobQueue):
    gate = Gate()
    running, queued = queue.submit("trace", "", gate), queue.submit("trace", "", quick)
    assert gate.begun.wait(5)
    queue.close()
    assert queue.job(running.id).state == queue.job(queued.id).state == "cancelled"
    with pytest.raises(QueueFull, match="shutting down"):
        queue.submit("trace", "", quick)


def test_watching_tells_of_progress(queue: JobQueue):
    gate = Gate()
    id = queue.submit("trace", "", gate).id
    seen = []

    async def watch(then: Callable[[], object]) -> None:
        async for job in queue.watch(id):
            assert job is not None
            seen.append((job.state, job.done))
            if len(seen) > 3:
                then()

    asyncio.run(asyncio.wait_for(watch(gate.let.set), 10))
    dones = [done for _, done in seen]
    assert dones == sorted(dones) and len(set(dones)) > 2
    assert seen[-1][0] == "done"
    record = queue._records[id]
    assert not record.bells  # nobody is told who has gone


def test_tokens_are_seen_as_they_come(queue: JobQueue):
    go = threading.Event()

    def work(handle: Handle) -> list[OperandPlot]:
        for token in "abc":
            handle.stream("default", token)
        assert go.wait(5)
        handle.stream("steered", "x")
        return [PLOT]

    id = queue.submit("steer", "", work).id
    seen: list[dict[str, list[str]]] = []

    async def watch() -> None:
        async for job in queue.watch(id):
            assert job is not None
            seen.append(job.streamed)
            if job.streamed.get("default") == ["a", "b", "c"]:
                go.set()

    asyncio.run(asyncio.wait_for(watch(), 10))
    assert {"default": ["a", "b", "c"]} in seen
    assert seen[-1] == {"default": ["a", "b", "c"], "steered": ["x"]}


def test_a_job_that_does_not_listen_is_waited_for_when_the_interpreter_ends():
    """Work inside C++ hears nothing; cut off there it would abort the process."""
    script = """
import time
from microtome.server.jobs import JobQueue
from microtome.server.settings import Limits
def deaf(handle):
    time.sleep(0.6)
    print("finished", flush=True)
    return []
queue = JobQueue(Limits())
queue.submit("xray", "", deaf)
time.sleep(0.1)
queue.close(0.01)
print("closed", flush=True)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()) == (0, ["closed", "finished"]), done.stderr
