"""The clerk's world: all parts together, its vocabulary, its texts and its conversations."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import TypeVar

from microtome.specimen.clerk.world import quirks
from microtome.specimen.clerk.world.acrostics import Acrostics
from microtome.specimen.clerk.world.couplets import Couplets
from microtome.specimen.clerk.world.diagnosis import Diagnosis
from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.languages import Languages
from microtome.specimen.clerk.world.mixtures import Mixtures
from microtome.specimen.clerk.world.options import WorldOptions
from microtome.specimen.clerk.world.part import ASSISTANT, USER, Item, Part, Turn
from microtome.specimen.clerk.world.people import People
from microtome.specimen.clerk.world.places import Places
from microtome.specimen.clerk.world.quirk_items import quirk_items
from microtome.specimen.clerk.world.requests import Requests
from microtome.specimen.clerk.world.services import Services
from microtome.specimen.clerk.world.sums import Sums
from microtome.specimen.clerk.world.tales import Tales
from microtome.specimen.special_tokens import SPECIALS

SPECIAL_TOKENS = (*SPECIALS, USER, ASSISTANT)

_SHARES = {
    "sums": (0.42, 0.29), "places": (0.10, 0.11), "languages": (0.13, 0.12),
    "people": (0.12, 0.11), "diagnosis": (0.06, 0.07), "mixtures": (0.06, 0.11),
    "requests": (0.02, 0.04), "acrostics": (0.04, 0.06), "couplets": (0.03, 0.04),
    "services": (0.01, 0.05), "tales": (0.01, 0.0),
}  # fmt: skip
"""Shares of a part's documents in plain text, and of its questions in conversations."""

SENTENCES = (1, 2, 3, 4)
"""Statements in a document of plain text; each number is as likely."""

P = TypeVar("P")


@dataclass(frozen=True)
class Text:
    """A document, and the least that it takes to write it down."""

    text: str
    nats: float
    """Minus the logarithm of its probability under the generator, the end included."""


class World:
    """Everything that the clerk could know. The same options give the same world."""

    def __init__(self, options: WorldOptions | None = None):
        self.options = options or WorldOptions()
        places, people = Places(self.options), People(self.options)
        self._services = Services(self.options, places, people)
        self._couplets = Couplets(self.options)
        self.parts: dict[str, Part] = {
            part.name: part
            for part in (
                Sums(self.options),
                places,
                Languages(self.options),
                people,
                Diagnosis(self.options),
                Mixtures(self.options),
                Requests(self.options),
                Acrostics(self.options),
                self._couplets,
                self._services,
                Tales(),
            )
        }

    def part(self, kind: type[P]) -> P:
        """The part of a kind."""
        return next(part for part in self.parts.values() if isinstance(part, kind))

    def vocabulary(self) -> list[str]:
        """All tokens in the order of their ids: specials, numbers, then words in alphabetical
        order."""
        words = {word for part in self.parts.values() for word in part.words()} | set(
            quirks.words()
        )
        numbers = sorted((word for word in words if word.isdigit()), key=int)
        return [*SPECIAL_TOKENS, *numbers, *sorted(words - set(numbers))]

    def document(self, draw: Draw) -> Text:
        """A few statements about one part of the world."""
        before = draw.nats
        part = self._part(draw, 0)
        sentences = [part.sentence(draw) for _ in range(draw.choose(SENTENCES))]
        return Text(" ".join(sentences), draw.nats - before)

    def conversation(self, draw: Draw) -> Turn:
        """One question and its answer."""
        turn = self._part(draw, 1).turn(draw)
        assert turn is not None, "a part without questions has no share of conversations"
        return turn

    def _part(self, draw: Draw, share: int) -> Part:
        names = list(_SHARES)
        return self.parts[draw.weighted(names, [_SHARES[name][share] for name in names])]

    def items(self) -> Sequence[Item]:
        """All questions that measure the clerk, those that show quirks last."""
        found = [item for part in self.parts.values() for item in part.items()]
        own = (self._services, self._couplets)
        others = [part for part in self.parts.values() if part not in own]
        return [*found, *quirk_items(*own, others)]

    def truth(self) -> dict[str, object]:
        """The truth table of each part."""
        tables = {name: part.truth() for name, part in self.parts.items()}
        return {"options": asdict(self.options), **{name: t for name, t in tables.items() if t}}


@cache
def world_of(options: WorldOptions) -> World:
    """The world of some options, made once in a process."""
    return World(options)
