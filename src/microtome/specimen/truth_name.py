"""What the name of a truth means, a specimen or a folder: one rule for every command."""

import os.path
from collections.abc import Collection
from pathlib import Path

from microtome.artifact.printable import shortened
from microtome.errors import MicrotomeError
from microtome.specimen.entry import PREFIX
from microtome.specimen.registry import all_specimens, find_part, nearest


def truth_name(name: str, also: Collection[str] = ()) -> str:
    """`specimen:NAME`, or the path of a folder.

    What begins with `specimen:` is a specimen. A bare name is the specimen, variant or part of that
    name where there is one, and else a folder; an absolute path, or one that begins with `.`, is a
    folder, so `./NAME` is one whatever specimens there are.

    Args:
        name: as given.
        also: other names to propose where it is unknown.

    Raises:
        MicrotomeError: neither; names the nearest specimen that has a truth.
    """
    if name.startswith(PREFIX):
        return name
    if Path(name).is_absolute() or name.startswith("."):
        return name
    if _is_of_a_specimen(name):
        return PREFIX + name
    if os.path.exists(name):  # noqa: PTH110 -- Path.exists raises where a name is too long
        return name
    if name.split("/")[0] in all_specimens():
        find_part(name, "truth")  # says what the specimen has not
    known = [key for key, specimen in all_specimens().items() if "truth" in specimen.every_part]
    raise MicrotomeError(f"unknown truth {shortened(name)!r}; {nearest(name, [*also, *known])}")


def _is_of_a_specimen(name: str) -> bool:
    try:
        find_part(name, "truth")
    except MicrotomeError:
        return False
    return True
