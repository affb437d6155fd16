"""One artifact that was found, and its opaque id."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from microtome.server.schema import Entry

Signature = tuple[tuple[str, int, int], ...]
"""Name, size and time of change of the files that tell whether an artifact changed."""


@dataclass(frozen=True)
class Found:
    """An artifact: where it is, and what is said of it."""

    entry: Entry
    path: Path
    signature: Signature
    source: str
    """By what name it is loaded: the path, or `specimen:adder/plt`."""


def entry_id(path: Path | str) -> str:
    """The id of the artifact at a path (links followed) or of a specimen's part by its name."""
    name = path if isinstance(path, str) else str(path.resolve())
    return hashlib.blake2s(name.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def signature_of(path: Path) -> Signature:
    """Of a file, or of the files right inside a folder; hidden ones are being written."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    out = []
    for file in files:
        if file.name.startswith("."):
            continue
        try:
            stat = file.stat()
        except OSError:
            continue
        out.append((file.name, stat.st_size, stat.st_mtime_ns))
    return tuple(out)
