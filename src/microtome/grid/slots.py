"""A prompt with two slots, and the values that go into them."""

import re
from dataclasses import dataclass

from microtome.artifact.printable import shortened
from microtome.errors import MicrotomeError

MOST_CELLS = 250_000
_RANGE = re.compile(r"(\d{1,9})-(\d{1,9})(?::(\d{1,9}))?")
_SLOT = re.compile(r"\{([ab])\}")

Span = tuple[int, int]
"""First character, and the one behind the last."""


@dataclass(frozen=True)
class Slot:
    """A slot's name and the values that it takes, in the order of the grid."""

    name: str
    values: tuple[str, ...]

    @property
    def numbers(self) -> tuple[int, ...] | None:
        """The values as whole numbers, where all of them are."""
        if all(v.isascii() and v.isdecimal() and len(v) < 16 for v in self.values):
            return tuple(int(v) for v in self.values)
        return None


def parse_values(text: str) -> tuple[str, ...]:
    """Values as they are written: `0-99`, `0-90:10` (every tenth), `France,Spain`, or a mixture.

    Raises:
        MicrotomeError: none, one twice, a range that falls, or too many for a grid.
    """
    values: list[str] = []
    for part in (part.strip() for part in text.split(",")):
        found = _RANGE.fullmatch(part)
        if found is None:
            values += [part] if part else []
            continue
        first, last, step = int(found[1]), int(found[2]), int(found[3] or 1)
        if last < first or step < 1:
            raise MicrotomeError(f"the range {part!r} has no values; write it from low to high")
        if (last - first) // step >= MOST_CELLS:
            raise MicrotomeError(f"the range {part!r} has more values than a grid may have cells")
        values += [str(n) for n in range(first, last + 1, step)]
    if not values:
        raise MicrotomeError(f"{shortened(text)!r} has no values; write 0-99 or France,Spain")
    for i, value in enumerate(sorted(values)[1:]):
        if value == sorted(values)[i]:
            raise MicrotomeError(f"the value {shortened(value)!r} is named twice; name it once")
    return tuple(values)


@dataclass(frozen=True)
class Template:
    """A prompt with the slots {a} and {b}, each once."""

    text: str

    def __post_init__(self):
        found = _SLOT.findall(self.text)
        for name in "ab":
            if found.count(name) != 1:
                times = "twice or more" if found.count(name) else "nowhere"
                raise MicrotomeError(
                    f"the template {shortened(self.text)!r} has {{{name}}} {times}; a grid has two "
                    f'slots, each once, as in "{{a}} + {{b}} ="'
                )

    def fill(self, a: str, b: str) -> tuple[str, Span, Span]:
        """The prompt of one cell, and where the values of a and b stand in it."""
        first, name, middle, _, last = _SLOT.split(self.text)
        one, two = (a, b) if name == "a" else (b, a)
        start = len(first) + len(one) + len(middle)
        spans = (len(first), len(first) + len(one)), (start, start + len(two))
        text = f"{first}{one}{middle}{two}{last}"
        return (text, *spans) if name == "a" else (text, spans[1], spans[0])


def check_cells(a: Slot, b: Slot) -> None:
    """Refuse a grid too large to run, or without cells.

    Raises:
        MicrotomeError: says how large it is.
    """
    for slot in (a, b):
        if not slot.values:
            raise MicrotomeError(f"the slot {slot.name!r} has no values; give it one or more")
    cells = len(a.values) * len(b.values)
    if cells > MOST_CELLS:
        raise MicrotomeError(
            f"a grid of {len(a.values):,} by {len(b.values):,} has {cells:,} cells, more than "
            f"{MOST_CELLS:,}; take fewer values, for example every tenth with 0-990:10"
        )
