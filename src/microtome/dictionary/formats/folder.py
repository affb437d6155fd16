"""Folders in other tools' layouts, that appear whole or not at all.

They have no manifest that says who wrote what, so `--force` goes by the layout: it replaces a
folder in which every file is one that the format has, and no other.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from microtome.artifact.whole import replaces, whole_folder
from microtome.errors import MicrotomeError


@dataclass(frozen=True)
class Layout:
    """The files of a format, as patterns for their paths inside the folder."""

    name: str
    weights: re.Pattern[str]
    """Files of which a dictionary has at least one."""
    others: re.Pattern[str]

    def foreign(self, folder: Path) -> str | None:
        """The first file that the format does not have; None if there is none."""
        for name in _files(folder):
            if not self.weights.fullmatch(name) and not self.others.fullmatch(name):
                return name
        return None

    def fits(self, folder: Path) -> bool:
        """Whether a folder holds a dictionary of the format, whatever else is in it."""
        return any(self.weights.fullmatch(name) for name in _files(folder))


def check_new_folder(path: Path, layout: Layout, force: bool) -> None:
    """Refuse an output that exists, unless it is to be replaced and is of the same format.

    Raises:
        MicrotomeError: the path is a file or link, exists without `force`, or holds anything
            that is no part of a dictionary in this format.
    """
    if not replaces(path, force):
        return
    foreign = layout.foreign(path)
    if foreign or not layout.fits(path):
        what = f"holds {foreign}, which is no part of" if layout.fits(path) else "is not"
        raise MicrotomeError(
            f"output folder {path} exists and {what} a dictionary in {layout.name} format, so "
            f"--force will not delete it; choose another path"
        )


@contextmanager
def new_folder(path: Path, layout: Layout, force: bool) -> Iterator[Path]:
    """Write a folder beside its place and move it there when the block ends without error.

    Yields:
        The folder to write into.

    Raises:
        MicrotomeError: it cannot be written, or something is there that may not be replaced.
    """
    check_new_folder(path, layout, force)
    with whole_folder(path, force) as folder:
        yield folder


def _files(folder: Path) -> list[str]:
    """Paths of everything but folders, links to folders included."""
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in found)
