"""The bundled specimens as entries: models, their dictionaries, their atlases."""

from pathlib import Path

from microtome.server.schema import EntryKind
from microtome.specimen.entry import every_part_of
from microtome.specimen.load import bundled_path
from microtome.specimen.registry import all_specimens, find_part


def specimen_parts() -> dict[str, tuple[Path, EntryKind]]:
    """Folder and kind of every bundled part, by name: `specimen:adder` is the model,
    `specimen:adder/plt` a dictionary."""
    parts: dict[str, tuple[Path, EntryKind]] = {}
    for specimen in all_specimens().values():
        for part in every_part_of(specimen):
            folder = bundled_path(part)
            if folder is not None and part.kind != "truth":
                parts[part.full_name] = (folder, part.kind)
    return parts


def specimen_name(name: str, kind: EntryKind) -> str:
    """The full name of a part: the dictionary of `specimen:adder` is `specimen:adder/clt`.

    Raises:
        MicrotomeError: no such specimen or part.
    """
    return find_part(name, kind).full_name
