"""The bundled specimens as entries: a model, its dictionaries, its atlas."""

from pathlib import Path

from microtome.errors import MicrotomeError
from microtome.server.schema import EntryKind
from microtome.specimen.load import PREFIX, SPECIMENS, specimen_path

_MODEL = "model"
_KINDS: dict[str, EntryKind] = {"model": "model", "atlas": "atlas"}


def specimen_parts() -> dict[str, tuple[Path, EntryKind]]:
    """Folder and kind of every bundled part, by name: `specimen:adder` is the model,
    `specimen:adder/plt` a dictionary."""
    parts: dict[str, tuple[Path, EntryKind]] = {}
    for specimen, names in SPECIMENS.items():
        for part in dict.fromkeys(names.values()):
            name = f"{PREFIX}{specimen}" + ("" if part == _MODEL else f"/{part}")
            try:
                folder = specimen_path(name, part)
            except MicrotomeError:
                continue  # not bundled with this install
            parts[name] = (folder, _KINDS.get(part, "dictionary"))
    return parts


def specimen_name(name: str, kind: EntryKind) -> str:
    """The full name of a part: the dictionary of `specimen:adder` is `specimen:adder/clt`.

    Raises:
        MicrotomeError: no such specimen or part.
    """
    part = specimen_path(name, kind).name
    specimen = name.partition("/")[0]
    return specimen if part == _MODEL else f"{specimen}/{part}"
