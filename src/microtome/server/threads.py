"""Threads that end when the server does, or soon after."""

import atexit
import threading

_OUTLIVE = 60.0
"""Seconds that the interpreter waits for a thread when it ends."""


def join_or_outlive(thread: threading.Thread, seconds: float) -> None:
    """Wait for a thread that was told to end. What it is in the middle of by then, the interpreter
    waits for when it ends: a thread that is cut off inside torch aborts the process."""
    thread.join(seconds)
    if thread.is_alive():
        atexit.register(thread.join, _OUTLIVE)
