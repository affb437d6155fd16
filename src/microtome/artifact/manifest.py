"""The manifest of an artifact folder: what it is, what made it, of what."""

import sys
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from microtome.artifact.json_file import read_json
from microtome.artifact.printable import shortened
from microtome.artifact.readable import readable
from microtome.errors import MicrotomeError

FILE_NAME = "manifest.json"
SCHEMA_VERSIONS = {
    "graph": 1,
    "dictionary": 2,
    "model": 1,
    "store": 1,
    "evaluation": 1,
    "atlas": 1,
    "labels": 1,
    "study": 1,
    "truth": 1,
    "score": 1,
}
"""Version written for each kind of artifact; newer ones are refused on reading."""
KEPT_BESIDE = {"graph": ("view.json", "verification.json")}
"""Files that may be added to an artifact after it was made; its manifest does not list them."""
_LONGEST_NAME = 1000


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class Manifest(BaseModel):
    """`manifest.json`: kind, version, provenance, and the size of every other file."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    schema_version: int = Field(ge=1, strict=True)
    microtome_version: str = ""
    created: str = Field(default_factory=_now)
    command: list[str] = Field(default_factory=lambda: list(sys.argv))
    """Command line of the process that made the artifact."""
    config: dict[str, Any] = Field(default_factory=dict)
    """The full configuration that made it."""
    inputs: dict[str, str] = Field(default_factory=dict)
    """Fingerprints of what it was made from."""
    content: dict[str, Any] = Field(default_factory=dict)
    """What the kind itself records (for a graph: its prompt, nodes and scores)."""
    files: dict[str, int] = Field(default_factory=dict)
    """Bytes of every other file of the folder."""


def read_manifest(folder: Path, kind: str | None = None, files: bool = True) -> Manifest:
    """Read and check the manifest of an artifact folder.

    Args:
        folder: of the artifact.
        kind: the kind of artifact that it must be.
        files: whether every other file must have the size that it was written with.

    Raises:
        MicrotomeError: no such folder, no artifact, not for us to read, another kind, a newer
            schema version, or a file that is outside, missing or shorter than when written.
    """
    path = folder / FILE_NAME
    with readable(folder):
        if not folder.exists():
            raise MicrotomeError(f"{folder} does not exist")
        if not path.is_file():
            raise MicrotomeError(f"{folder} is not a microtome artifact: it has no {FILE_NAME}")
    raw = read_json(path)
    version, found = raw.get("schema_version"), raw.get("kind")
    if kind and found != kind:
        raise MicrotomeError(f"{folder} holds {with_article(found)}, not {with_article(kind)}")
    if isinstance(version, int) and version > SCHEMA_VERSIONS.get(str(found), 1):
        raise MicrotomeError(
            f"{folder} was written by a newer microtome ({found} schema {version}); upgrade to "
            f"read it"
        )
    try:
        manifest = Manifest.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise MicrotomeError(f"{path}: field {field!r}: {first['msg']}") from error
    if files:
        _check_files(folder, manifest)
    return manifest


def with_article(kind: object) -> str:
    """A kind of artifact in a sentence: a graph, an atlas."""
    if not isinstance(kind, str):
        return "something without a kind"
    what = kind[:40]
    return f"an {what}" if what[:1] in "aeiou" and what else f"a {what}"


def _check_files(folder: Path, manifest: Manifest) -> None:
    for name, size in manifest.files.items():
        file = folder / _inside(folder, name)
        with readable(file):
            actual = file.stat().st_size if file.is_file() else 0
        if actual != size:
            raise MicrotomeError(
                f"{folder} is incomplete: {name} has {actual} bytes of {size}; make it again"
            )


def _inside(folder: Path, name: str) -> str:
    """The name of a file in the folder: what lies elsewhere is not looked at, not even its size."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\0" in name or len(name) > _LONGEST_NAME:
        raise MicrotomeError(
            f"the manifest of {folder} names {shortened(name)!r}, which is no file in that folder; "
            f"make it again"
        )
    return name
