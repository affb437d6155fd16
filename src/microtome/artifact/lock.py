"""One process at a time in a folder that is being written."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from microtome.errors import MicrotomeError

FILE_NAME = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes out of a folder until the block ends or this process dies.

    Where the system or the file system has no such locks, nobody is kept out.

    Raises:
        MicrotomeError: another process has it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    handle = os.open(folder / FILE_NAME, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MicrotomeError(
                f"another process is writing {folder}; wait for it, or choose another folder"
            ) from None
        except OSError:
            pass  # some network file systems
        yield
    finally:
        os.close(handle)
