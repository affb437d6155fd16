"""Model jobs: one at a time, the others in a queue."""

from microtome.server.jobs.queue import JobQueue, QueueFull, Result, Unfinished, UnknownJob
from microtome.server.jobs.record import Cancelled, Download, Handle

__all__ = [
    "Cancelled",
    "Download",
    "Handle",
    "JobQueue",
    "QueueFull",
    "Result",
    "Unfinished",
    "UnknownJob",
]
