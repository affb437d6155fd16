"""Specimens that are built when they are first asked for, kept in a folder of the user's."""

import hashlib
import inspect
import marshal
import os
from importlib import import_module
from pathlib import Path

from microtome.artifact.whole import whole_folder
from microtome.errors import MicrotomeError
from microtome.specimen.entry import Builder, Specimen


def cache_folder() -> Path:
    """Where what can be made again is kept: MICROTOME_CACHE, or microtome in XDG_CACHE_HOME, or
    ~/.cache/microtome."""
    if own := os.environ.get("MICROTOME_CACHE"):
        return Path(own).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared).expanduser() if shared else Path.home() / ".cache") / "microtome"


def cached_parts(specimen: Specimen) -> Path:
    """The folder with a specimen's parts, built now if they are not there; whole or not at all.

    Raises:
        MicrotomeError: it has no builder, or one that fails, or the folder cannot be written.
    """
    builder = find_builder(specimen)
    folder = cache_folder() / "specimens" / f"{specimen.name}-{_identity(builder)}"
    if folder.is_dir():
        return folder
    try:
        with whole_folder(folder, force=False) as beside:
            build_parts(specimen, beside)
    except MicrotomeError:
        if not folder.is_dir():  # otherwise another process has been faster
            raise
    return folder


def build_parts(specimen: Specimen, folder: Path) -> None:
    """Let a specimen's builder make its parts in an empty folder.

    Raises:
        MicrotomeError: it has no builder, or one that fails.
    """
    builder = find_builder(specimen)
    try:
        builder(specimen.name, folder)
    except (MicrotomeError, OSError, MemoryError):
        raise
    except Exception as error:  # the code of others may raise anything
        said = " ".join(str(error).split())
        raise MicrotomeError(
            f"specimen {specimen.name!r} cannot be built: {type(error).__name__}: {said}"
        ) from error


def find_builder(specimen: Specimen) -> Builder:
    """The function that makes a specimen's parts.

    Raises:
        MicrotomeError: it has none, or what it names cannot be had.
    """
    build = specimen.build
    if build is None:
        raise MicrotomeError(f"specimen {specimen.name!r} is not one that is built on demand")
    if not isinstance(build, str):
        return build
    module, _, name = build.partition(":")
    try:
        return getattr(import_module(module), name)
    except Exception as error:  # importing the code of others may raise anything
        raise MicrotomeError(
            f"specimen {specimen.name!r} names the builder {build!r}, which is not there: {error}"
        ) from error


def _identity(builder: Builder) -> str:
    """Of the code that builds: what older code has made is not taken for what this one makes."""
    digest = hashlib.sha256()
    code = getattr(builder, "__code__", None)
    digest.update(marshal.dumps(code) if code else repr(builder).encode())
    module = inspect.getmodule(builder)
    if module is not None and module.__package__ and module.__file__:
        for file in sorted(Path(module.__file__).parent.rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
