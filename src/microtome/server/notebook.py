"""The database of annotations, opened when it is first needed."""

import stat
import threading
from collections.abc import Mapping
from pathlib import Path

from microtome.annotation import (
    Annotation,
    AnnotationIn,
    Annotations,
    Revision,
    open_annotations,
)
from microtome.annotation.annotations import DEFAULT_NAME
from microtome.artifact.readable import is_file
from microtome.server.library.recognise import kind_at

_File = tuple[int, int]
"""Device and inode."""


class Notebook:
    """What people write. A file is made with the first note, so that looking leaves no traces, and
    reading never needs writing: a file that is missing or empty holds no notes yet."""

    def __init__(self, folder: Path, database: str | None = None):
        """Keep notes in a database.

        Args:
            folder: where the file is, unless a database is named; beside it, if the folder is
                an artifact, as nothing else belongs into those.
            database: file or URL; it is opened at once, so that a wrong one is told at once.

        Raises:
            MicrotomeError: it cannot be opened.
        """
        own = default_place(folder)
        self._where: str | Path = database or own
        self._lock = threading.Lock()
        self._open: Annotations | None = None
        self._file: _File | None = None
        if (database and not _is_empty(database)) or _has_notes(own):
            self._reopen()

    def put(self, edit: AnnotationIn) -> Annotation:
        """Write an edit; on disk when this returns.

        Raises:
            EditConflict: another edit came first.
            MicrotomeError: it cannot be written.
        """
        with self._lock:
            opened = self._standing()
            if opened is None or opened.read_only:  # by now there may be room, or permission
                opened = self._reopen()
        return opened.put(edit)

    def annotations(
        self, dictionary: str, encoder: int | None = None, feature: int | None = None
    ) -> list[Annotation]:
        """Annotations of a dictionary."""
        opened = self._reader()
        return opened.list(dictionary, encoder, feature) if opened else []

    def history(self, dictionary: str, encoder: int, feature: int) -> list[Revision]:
        """Every edit of one."""
        opened = self._reader()
        return opened.history(dictionary, encoder, feature) if opened else []

    def labels(self, dictionary: str) -> Mapping[tuple[int, int], str]:
        """Labels that people gave, by encoder and feature."""
        opened = self._reader()
        return opened.labels(dictionary) if opened and dictionary else {}

    def close(self) -> None:
        with self._lock:
            if self._open is not None:
                self._open.close()

    def _reader(self) -> Annotations | None:
        """Another process may have made the file in the meantime."""
        with self._lock:
            opened = self._standing()
            if opened is None and _has_notes(self._where):
                opened = self._reopen()
            return opened

    def _standing(self) -> Annotations | None:
        """What is open; None where its file was deleted or replaced, as edits would be lost."""
        if self._open is not None and self._file != _file(self._where):
            self._open.close()
            self._open = None
        return self._open

    def _reopen(self) -> Annotations:
        opened = open_annotations(self._where)
        if self._open is not None:
            self._open.close()
        self._open, self._file = opened, _file(self._where)
        return opened


def default_place(folder: Path) -> Path:
    """The file for what people write about the artifacts in a folder."""
    inside = folder / DEFAULT_NAME
    if is_file(inside) or kind_at(folder) is None:
        return inside
    return folder.with_name(f"{folder.name}.{DEFAULT_NAME}")


def _has_notes(where: str | Path) -> bool:
    """Whether a file stands at a place with something in it."""
    return is_file(Path(where)) and not _is_empty(where)


def _is_empty(where: str | Path) -> bool:
    """Whether a file of no bytes stands at a place: what is left where a first note had no room."""
    try:
        found = Path(where).stat()
    except (OSError, ValueError):
        return False
    return found.st_size == 0 and stat.S_ISREG(found.st_mode)


def _file(where: str | Path) -> _File | None:
    """Which file stands at a place; None where none does, or in a database by URL."""
    try:
        found = Path(where).stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino
