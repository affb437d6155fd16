"""Jobs of a scoreboard one after another, or in several processes."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from microtome.errors import MicrotomeError
from microtome.specimen.score.options import ScoreOptions
from microtome.specimen.score.progress import Stages, silent
from microtome.specimen.score.result import Scored

Job = Callable[[ScoreOptions, int, Stages], Scored]

_MOST = 4
"""Processes by default: each needs most of a gigabyte."""


def default_jobs() -> int:
    """As many processes as there are cores to use, 4 at most."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(usable or 1, _MOST))


def run_jobs(
    tasks: Sequence[tuple[Job, int]], options: ScoreOptions, jobs: int, stages: Stages = silent
) -> list[Scored]:
    """Run a job with each of some seeds; the results are in their order.

    Figures do not depend on how many processes there are: each computes on one thread. What is
    interrupted ends at once, with its processes; nothing is left behind.

    Args:
        tasks: jobs, each with its seed; in several processes they must be importable.
        options: of all of them.
        jobs: processes.
        stages: told of every step in one process, of every task that is done in several.

    Raises:
        MicrotomeError: of a job, or a process that was killed.
    """
    if jobs == 1 or len(tasks) < 2:
        with _one_thread():
            return [job(options, seed, stages) for job, seed in tasks]
    before = multiprocessing.active_children()
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(tasks)), context, initializer=_begin)
    try:
        submitted = [pool.submit(job, options, seed, silent) for job, seed in tasks]
        waiting = {future: i for i, future in enumerate(submitted)}
        found: dict[int, Scored] = {}
        stages("truths and seeds", 0, len(tasks))
        for future in as_completed(waiting):
            found[waiting[future]] = future.result()
            stages("truths and seeds", len(found), len(tasks))
    except BrokenProcessPool as error:
        raise MicrotomeError(
            "a process of the scoreboard was killed, perhaps for want of memory; try --jobs 1"
        ) from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            if child not in before:
                child.kill()  # it has nothing to save
                child.join()
    return [found[i] for i in range(len(tasks))]


def _begin() -> None:
    """As a process begins: one thread, and Ctrl-C is the parent's affair."""
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Computes on one thread: sums in another order would be other figures."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
