"""An entry of the registry: what a specimen is called, what it has, and where that lies."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from microtome.errors import MicrotomeError

PREFIX = "specimen:"
PartKind = Literal["model", "dictionary", "atlas", "truth"]
Builder = Callable[[str, Path], None]
"""Makes the parts of the specimen of a name in a folder that is empty."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_KINDS: dict[str, PartKind] = {"model": "model", "atlas": "atlas", "truth": "truth"}


@dataclass(frozen=True)
class Specimen:
    """A specimen: a row of data. Parts lie in `FOLDER/PART`, those of a variant in
    `FOLDER/VARIANT/PART`, or in `FOLDER/PART` where all variants share it.

    Raises:
        MicrotomeError: a name that a path cannot have, no parts, or parts and variants that
            cannot be told apart.
    """

    name: str
    about: str
    """What it is, in a line."""
    parts: tuple[str, ...] = ()
    """`model`, `atlas`, `truth`; any other name is a dictionary's, and the first of them is meant
    where none is named."""
    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """In place of `parts`: those of each variant. The first is meant where none is named."""
    folder: Path | None = None
    """Where the parts lie; none where they are built."""
    build: str | Builder | None = None
    """Makes the parts on demand, in a moment, into the cache: a function or its "module:name"."""

    def __post_init__(self) -> None:
        if bool(self.parts) == bool(self.variants):
            raise MicrotomeError(f"specimen {self.name!r} needs either parts or variants with them")
        names = [self.name, *self.parts, *self.variants]
        names += [part for parts in self.variants.values() for part in parts]
        for name in names:
            if not _NAME.fullmatch(name):
                raise MicrotomeError(
                    f"specimen {self.name!r}: {name!r} is not a name; use small letters, digits, "
                    f"'-' and '_'"
                )
        if twice := sorted(set(self.variants) & set(self.every_part)):
            raise MicrotomeError(
                f"specimen {self.name!r} has a variant and a part named {twice[0]!r}; rename one"
            )

    @property
    def every_part(self) -> tuple[str, ...]:
        """Parts that it or any of its variants has, each once."""
        rows = self.variants.values() if self.variants else (self.parts,)
        return tuple(dict.fromkeys(part for parts in rows for part in parts))


@dataclass(frozen=True)
class Part:
    """One part of a specimen, of one of its variants where it has any."""

    specimen: Specimen
    variant: str
    """Empty where the specimen has none."""
    name: str

    @property
    def kind(self) -> PartKind:
        return kind_of(self.name)

    @property
    def full_name(self) -> str:
        """`specimen:adder` for a model, `specimen:clerk/chat/sae` for anything else."""
        segments = (self.specimen.name, self.variant, "" if self.name == "model" else self.name)
        return PREFIX + "/".join(segment for segment in segments if segment)

    def within(self, folder: Path) -> Path | None:
        """Where it lies in a folder of the specimen's parts; None where it is not there."""
        for place in (folder / self.variant / self.name, folder / self.name):
            if place.is_dir():
                return place
        return None


def kind_of(part: str) -> PartKind:
    """What a part of that name is."""
    return _KINDS.get(part, "dictionary")


def every_part_of(specimen: Specimen) -> list[Part]:
    """All parts of all variants."""
    rows = specimen.variants or {"": specimen.parts}
    return [Part(specimen, variant, name) for variant, parts in rows.items() for name in parts]
