"""The folders below a root, listed again only where something came or went."""

import logging
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from microtome.server.library.roots import Roots

DEPTH = 8
"""Of folders below the ones that are served."""
MAX_FOLDERS = 20_000
_SETTLED_NS = 2_000_000_000
"""A folder that changed so recently can change again without another time of change."""
_log = logging.getLogger(__name__)
_SKIPPED = frozenset({"node_modules", "__pycache__", "tensorboard", "site-packages"})


@dataclass(frozen=True)
class Listing:
    """Names in a folder."""

    path: Path
    files: frozenset[str]
    folders: tuple[str, ...]
    changed: int
    """Time of change, in nanoseconds; -1 where it cannot be told whether it changed since."""


class Tree:
    """Lists folders, remembering those that stay as they are."""

    def __init__(self, roots: Roots):
        self._roots = roots
        self._known: dict[Path, Listing] = {}
        self._warned = False

    def walk(self, enter) -> Iterator[Listing]:
        """Every folder, those above first; `enter(listing)` says whether to go into it."""
        seen: dict[Path, Listing] = {}
        for root in self._roots.folders:
            waiting = [(root, 0)]
            while waiting:
                path, depth = waiting.pop()
                if path in seen:
                    continue
                if len(seen) >= MAX_FOLDERS:
                    self._warn(root)
                    break
                listing = self._list(path)
                if listing is None:
                    continue
                seen[path] = listing
                yield listing
                if depth < DEPTH and enter(listing):
                    waiting += [(path / name, depth + 1) for name in reversed(listing.folders)]
        self._known = seen

    def _warn(self, root: Path) -> None:
        if not self._warned:
            self._warned = True
            _log.warning(
                "there are more than %s folders; those of %s beyond are not shown: serve fewer",
                f"{MAX_FOLDERS:,}",
                root.name,
            )

    def _list(self, path: Path) -> Listing | None:
        try:
            changed = path.stat().st_mtime_ns
            known = self._known.get(path)
            if known is not None and known.changed == changed:
                return known
            if time.time_ns() - changed < _SETTLED_NS:
                changed = -1
            with os.scandir(path) as entries:
                files, folders = self._names(entries)
        except OSError:
            return None  # gone, or not for us to read
        return Listing(path, frozenset(files), tuple(sorted(folders)), changed)

    def _names(self, entries: Iterator[os.DirEntry[str]]) -> tuple[list[str], list[str]]:
        files: list[str] = []
        folders: list[str] = []
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _SKIPPED:
                continue
            try:
                # a link to a folder that is served is found there; one that leads out is not served
                if entry.is_dir() and not entry.is_symlink():
                    folders.append(entry.name)
                elif entry.is_file():
                    files.append(entry.name)
            except OSError:
                continue  # a link in a circle
        return files, folders
