"""The registry of specimens: bundled ones, registered ones, those of installed packages."""

import difflib
import warnings
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import entry_points

from microtome.artifact.manifest import with_article
from microtome.artifact.printable import shortened
from microtome.errors import MicrotomeError
from microtome.specimen.bundled import BUNDLED
from microtome.specimen.entry import PREFIX, Part, Specimen, kind_of

ENTRY_POINTS = "microtome.specimens"
"""The group in which a package names its specimens; each entry point is a `Specimen`."""

_BUNDLED = {specimen.name: specimen for specimen in BUNDLED}
_registered: dict[str, Specimen] = {}


def register_specimen(specimen: Specimen, replace: bool = False) -> None:
    """Let a specimen be found by its name, in this process.

    A package that is installed names its own in its `pyproject.toml`, which lasts:
    `[project.entry-points."microtome.specimens"]`, `NAME = "MODULE:SPECIMEN"`.

    Args:
        specimen: what to register.
        replace: one registered before under the same name; never a bundled one.

    Raises:
        MicrotomeError: the name is taken.
    """
    name = specimen.name
    if name in _BUNDLED or (name in all_specimens() and not replace):
        raise MicrotomeError(f"there is a specimen {name!r} already; choose another name")
    _registered[name] = specimen


def all_specimens() -> dict[str, Specimen]:
    """Every specimen by its name: the bundled, those of installed packages, the registered."""
    return _BUNDLED | {k: v for k, v in _installed().items() if k not in _BUNDLED} | _registered


def find_specimen(name: str) -> Specimen:
    """The specimen of a name, with or without `specimen:` before it.

    Raises:
        MicrotomeError: there is none; names the nearest one.
    """
    name = name.removeprefix(PREFIX)
    own: Mapping[str, Specimen] = _BUNDLED | _registered
    if name in own:  # other packages are looked at only where a name is not known here
        return own[name]
    known = all_specimens()
    if name not in known:
        raise MicrotomeError(f"unknown specimen {shortened(name)!r}; {nearest(name, known)}")
    return known[name]


def find_part(name: str, wanted: str) -> Part:
    """The part that a name means: `specimen:NAME`, with `/VARIANT`, `/PART` or both behind it.

    Args:
        name: of the specimen, variant or part.
        wanted: a part, or "dictionary" for the first of those; meant where the name has no part.

    Raises:
        MicrotomeError: unknown specimen, variant or part; names the nearest one.
    """
    first, *rest = [segment for segment in name.removeprefix(PREFIX).split("/") if segment] or [""]
    specimen = find_specimen(first)
    variant, parts = "", specimen.parts
    said = f"specimen {specimen.name!r}"
    if specimen.variants:
        named = bool(rest) and rest[0] in specimen.variants
        variant = rest.pop(0) if named else next(iter(specimen.variants))
        parts = specimen.variants[variant]
        if rest and not named and rest[0] not in parts:
            known = [*specimen.variants, *parts]
            raise MicrotomeError(f"{said} has no {rest[0]!r}; {nearest(rest[0], known)}")
        said = f"{said} ({variant})"
    if rest:
        asked = "/".join(rest)
        if asked not in parts:
            raise MicrotomeError(f"{said} has no {shortened(asked)!r}; {nearest(asked, parts)}")
        return Part(specimen, variant, asked)
    for part in parts:
        if part == wanted or (wanted == "dictionary" and kind_of(part) == wanted):
            return Part(specimen, variant, part)
    raise MicrotomeError(f"{said} has no {wanted}; it has {', '.join(parts)}")


def find_model(name: str) -> Part:
    """The model that a name means.

    Raises:
        MicrotomeError: as `find_part`, or it means another part.
    """
    part = find_part(name, "model")
    if part.kind != "model":
        of = part.full_name.removesuffix(f"/{part.name}")
        raise MicrotomeError(f"{part.full_name} is {with_article(part.kind)}; name {of}")
    return part


def nearest(name: str, known: Iterable[str]) -> str:
    """Words for an error message: the known name most like a wrong one, and all of them."""
    known = list(known)
    close = difflib.get_close_matches(name[:80].lower(), known, n=1, cutoff=0.0)
    return f"did you mean {close[0]!r}? Known: {', '.join(known)}"


@cache
def _installed() -> dict[str, Specimen]:
    """The specimens of other packages; one that cannot be had is left out with a warning."""
    found: dict[str, Specimen] = {}
    for point in entry_points(group=ENTRY_POINTS):
        try:
            specimen = point.load()
            if not isinstance(specimen, Specimen):
                raise TypeError(f"{point.value} is not a Specimen")
        except Exception as error:  # the code of others may raise anything
            warnings.warn(f"specimen {point.name!r} is left out: {error}", stacklevel=2)
            continue
        found[specimen.name] = specimen
    return found
