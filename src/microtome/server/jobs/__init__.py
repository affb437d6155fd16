"""Model jobs: one at a time, the others in a queue."""

from microtome.server.jobs.queue import JobQueue, QueueFull, Result, Unfinished, UnknownJob
from microtome.server.jobs.record import Cancelled, Handle

__all__ = [
    "Cancelled",
    "Handle",
    "JobQueue",
    "QueueFull",
    "Result",
    "Unfinished",
    "UnknownJob",
]
