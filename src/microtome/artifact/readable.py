"""Files that may not be there, or not for us to read: said in one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from microtome.artifact.printable import shortened
from microtome.errors import MicrotomeError


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Let whatever the file system refuses in the block be a sentence about a path.

    Raises:
        MicrotomeError: in place of an OSError.
    """
    try:
        yield
    except OSError as error:
        name = shortened(str(path), 200)
        raise MicrotomeError(f"{name} cannot be read: {error.strerror or error}") from error


def is_file(path: Path) -> bool:
    """Whether a file stands at a path, as far as it is for us to know."""
    try:
        return path.is_file()
    except OSError:
        return False
