"""Artifact folders that appear whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import ValidationError

from microtome.artifact.json_file import read_json
from microtome.artifact.manifest import (
    FILE_NAME,
    KEPT_BESIDE,
    SCHEMA_VERSIONS,
    Manifest,
    with_article,
)
from microtome.artifact.printable import printable
from microtome.artifact.whole import replaces, whole_folder
from microtome.errors import MicrotomeError


def check_output(path: Path, force: bool = False, kind: str | None = None) -> None:
    """Refuse an output folder that exists, before any work is done for it.

    With `force` an artifact of the same kind (or an empty folder) may be replaced, but nothing
    else: what microtome did not write is never deleted.

    Raises:
        MicrotomeError: the path exists and may not be replaced, or its parent cannot be made.
    """
    if replaces(path, force):
        _check_replaceable(path, kind)


def _check_replaceable(path: Path, kind: str | None) -> None:
    """Only an artifact of the same kind, with nothing of the user's in it, may be deleted."""
    what = ""
    try:
        manifest = Manifest.model_validate(read_json(path / FILE_NAME))
    except (MicrotomeError, ValidationError):
        what = "is not a microtome artifact"
    else:
        found = {str(f.relative_to(path)) for f in path.rglob("*") if not f.is_dir()}
        beside = KEPT_BESIDE.get(manifest.kind, ())
        left = {f".{name}.tmp-" for name in beside}  # of a process that was killed in writing one
        found = {name for name in found if not any(name.startswith(start) for start in left)}
        foreign = sorted(found - set(manifest.files) - {FILE_NAME, *beside})
        if manifest.kind not in SCHEMA_VERSIONS:
            what = "is not a microtome artifact"
        elif kind and manifest.kind != kind:
            what = f"holds {with_article(manifest.kind)}, not {with_article(kind)}"
        elif foreign:
            what = f"holds {foreign[0]}, which microtome did not write"
    if what:
        raise MicrotomeError(
            f"output folder {path} exists and {what}, so --force will not delete it; choose "
            f"another path"
        )


@contextmanager
def new_artifact(path: Path, manifest: Manifest, force: bool = False) -> Iterator[Path]:
    """Write an artifact beside its place and move it there when the block ends without error.

    Yields the folder to write files into; the manifest, with their sizes, is written last.
    A process killed at any moment leaves either no artifact or a whole one.
    """
    check_output(path, force, manifest.kind)
    with whole_folder(path, force) as folder:
        yield folder
        files = {
            str(file.relative_to(folder)): file.stat().st_size
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }
        made = printable(manifest.model_dump()) | {"files": files, "microtome_version": _version()}
        whole = manifest.model_copy(update=made)
        (folder / FILE_NAME).write_text(whole.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _version() -> str:
    try:
        return version("microtome")
    except PackageNotFoundError:
        return "0"
