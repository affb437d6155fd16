"""The folders that may be read: everything else is refused, links that lead out too."""

import os
from collections.abc import Iterable
from pathlib import Path

from microtome.errors import MicrotomeError


class Roots:
    """Folders, resolved once; what lies outside them is not opened."""

    def __init__(self, folders: Iterable[Path]):
        self.folders = tuple(_existing(folder) for folder in folders)

    def contain(self, path: Path) -> bool:
        """Whether a path, all its links followed, lies in one of the folders."""
        try:
            real = path.resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            return False
        return any(real.is_relative_to(folder) for folder in self.folders)

    def leads_out(self, path: Path) -> Path | None:
        """The first file or folder of an artifact that is a link to somewhere else."""
        if not self.contain(path):
            return path
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                inside = Path(folder, name)
                if _is_link(inside) and not self.contain(inside):
                    return inside
        return None

    def shown(self, path: Path) -> str:
        """A path for the reader: from the folder that was given downwards."""
        for folder in self.folders:
            if path == folder or path.is_relative_to(folder):
                return str(Path(folder.name, path.relative_to(folder)))
        return path.name


def _is_link(path: Path) -> bool:
    try:
        return path.is_symlink()
    except OSError:
        return False  # not for us to look at, nor then to open


def _existing(folder: Path) -> Path:
    try:
        real = folder.expanduser().resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise MicrotomeError(f"folder {folder} cannot be served: it does not exist") from error
    if not real.is_dir():
        raise MicrotomeError(f"{folder} cannot be served: it is a file; give its folder")
    if not os.access(real, os.R_OK | os.X_OK):
        raise MicrotomeError(f"folder {folder} cannot be served: it may not be read")
    return real
