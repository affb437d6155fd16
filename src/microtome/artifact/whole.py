"""Folders and files that appear whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from safetensors import SafetensorError

from microtome.artifact.disk import sync_file
from microtome.errors import MicrotomeError


def replaces(path: Path, force: bool) -> bool:
    """Whether a folder to be made takes the place of one with something in it.

    Raises:
        MicrotomeError: the path is a file or link, leads through a folder that is not there or
            not for us to write in, or holds something and `force` is not given.
    """
    if ".." in path.parts and not path.parent.exists():
        raise MicrotomeError(
            f"output {path} leads through a folder that does not exist; write it without '..'"
        )
    if path.is_symlink() or path.is_file():
        raise MicrotomeError(f"output {path} exists and is not a folder; choose another path")
    if not path.exists():
        _check_parent(path)
        return False
    if not any(path.iterdir()):
        return False
    if not force:
        raise MicrotomeError(
            f"output folder {path} exists; pass --force to replace it (force=True in Python)"
        )
    return True


def _check_parent(path: Path) -> None:
    """Hours of work should not end in a folder that cannot be made."""
    parent = next(folder for folder in path.absolute().parents if folder.exists())
    if not parent.is_dir():
        raise MicrotomeError(f"cannot write {path}: {parent} is not a folder")
    effective = os.access in os.supports_effective_ids
    if not os.access(parent, os.W_OK | os.X_OK, effective_ids=effective):
        raise MicrotomeError(f"cannot write {path}: {parent} is not writable")


@contextmanager
def whole_folder(path: Path, force: bool) -> Iterator[Path]:
    """Write a folder beside its place and move it there when the block ends without error.

    Yields the folder to write into. A process killed at any moment leaves either nothing or all.

    Raises:
        MicrotomeError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{path.name}.tmp-", dir=path.parent))
    except OSError as error:
        raise MicrotomeError(f"cannot write {path}: {error.strerror}") from error
    try:
        yield beside
        _seal(beside)
        _move(beside, path, force)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MicrotomeError(f"cannot write {path}: {reason}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _seal(folder: Path) -> None:
    """Everything on disk, and as open as any other file: mkdtemp lets only the owner read."""
    mask = os.umask(0)
    os.umask(mask)
    for path in (folder, *folder.rglob("*")):
        if path.is_file():
            sync_file(path)
        path.chmod((0o777 if path.is_dir() else 0o666) & ~mask)


def _move(beside: Path, path: Path, force: bool) -> None:
    """Put the new folder in its place, keeping the old one until the new one stands.

    Without force a plain rename, which fails where another process has been faster.
    """
    if not force or not path.exists():
        beside.rename(path)
        return
    old = beside.with_name(beside.name + "-old")
    path.rename(old)
    try:
        beside.rename(path)
    except OSError:
        old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def whole_file(path: Path, content: str | bytes) -> None:
    """Write a file, text as UTF-8, beside its place and move it there; an older one is replaced.

    A process killed at any moment leaves the old file or the new one.

    Raises:
        MicrotomeError: it cannot be written, or what is there is no file: a device would be lost.
    """
    beside = None
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise MicrotomeError(f"cannot write {path}: it is there and no plain file")
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.tmp-", dir=path.parent)
        beside = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        beside.chmod(0o666 & ~mask)
        beside.replace(path)
    except OSError as error:
        raise MicrotomeError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        if beside is not None:
            with suppress(OSError):
                beside.unlink()
