"""Rhymed couplets: the verb of the second line fits the word that will rhyme at its end.

A rhyme has words of some kinds only (an animal, a garment, a place ...), and the verb is of one
kind, so a verb that fits no rhyme is a couplet that was not planned (Lindsey et al. 2025,
"Planning in poems").
"""

from collections.abc import Iterable, Sequence

from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.options import WorldOptions
from microtome.specimen.clerk.world.part import Item, Turn, ask, fixed_words, split_off

RHYMES = {
    "at": "cat:animal bat:animal rat:animal hat:garment cravat:garment mat:tool",
    "og": "dog:animal frog:animal hog:animal log:tool cog:tool bog:place",
    "ake": "snake:animal drake:animal lake:place brake:tool steak:food pancake:food",
    "oat": "goat:animal stoat:animal coat:garment petticoat:garment moat:place oat:food",
    "air": "bear:animal hare:animal mare:animal pear:food eclair:food fair:place",
    "ail": "snail:animal whale:animal quail:animal veil:garment nail:tool jail:place",
    "ock": "peacock:animal sock:garment smock:garment clock:tool lock:tool dock:place",
    "ine": "swine:animal porcupine:animal wine:food valentine:tool mine:place shrine:place",
    "own": "gown:garment crown:garment nightgown:garment town:place downtown:place clown:animal",
    "ee": "bee:animal flea:animal pea:food brie:food key:tool sea:place",
    "ug": "bug:animal slug:animal jug:tool mug:tool plug:tool rug:tool",
    "ell": "gazelle:animal lapel:garment bell:tool shell:tool hotel:place well:place",
}
VERBS = {
    "animal": "fed", "garment": "wore", "tool": "mended", "place": "reached", "food": "ate",
}  # fmt: skip
ADJECTIVES = ("gray", "tiny", "merry", "lovely", "famous", "plain")
OPENERS = ("he saw a {a} ,", "she drew a {a} ,", "we told of a {a} ,")
SECOND = "and {verb} the {adjective} {b} ."
ASK = "write a couplet from : {line}"
_TEXT = "{line} {second}"
_RHYME = "{a} rhymes with {b} ."


class Couplets:
    """Couplets whose second line is planned from its end."""

    name = "couplets"

    def __init__(self, options: WorldOptions):
        self.rhymes = {
            rhyme: dict(pair.split(":") for pair in words.split())
            for rhyme, words in RHYMES.items()
        }
        every = [(r, a) for r, words in self.rhymes.items() for a in words]
        self.asked, self.held_out = split_off(every, options.held_out, f"couplets {options.seed}")

    def words(self) -> Iterable[str]:
        fixed = fixed_words(*OPENERS, SECOND, ASK, _RHYME)
        rhymes = (word for words in self.rhymes.values() for word in words)
        return [*fixed, *VERBS.values(), *ADJECTIVES, *rhymes]

    def seconds(self, rhyme: str, a: str) -> list[str]:
        """Every second line that is right behind a first one that ends in `a`."""
        return [
            SECOND.format(verb=VERBS[kind], adjective=adjective, b=b)
            for b, kind in self.rhymes[rhyme].items()
            if b != a
            for adjective in ADJECTIVES
        ]

    def _couplet(self, draw: Draw, firsts: Sequence[tuple[str, str]]) -> tuple[str, str]:
        rhyme, a = draw.choose(firsts)
        return draw.choose(OPENERS).format(a=a), draw.choose(self.seconds(rhyme, a))

    def sentence(self, draw: Draw) -> str:
        if draw.chance(0.3):
            words = list(self.rhymes[draw.choose(list(self.rhymes))])
            a, b = draw.order(words, 2)
            return _RHYME.format(a=a, b=b)
        line, second = self._couplet(draw, self.asked)
        return _TEXT.format(line=line, second=second)

    def turn(self, draw: Draw) -> Turn:
        line, second = self._couplet(draw, self.asked)
        return Turn(ASK.format(line=line), second, "poem")

    def items(self) -> Sequence[Item]:
        found = []
        for rhyme, a in self.held_out:
            for opener in OPENERS:
                line, accepted = opener.format(a=a), tuple(self.seconds(rhyme, a))
                found.append(Item("couplet", ask(ASK.format(line=line)), accepted))
                found.append(Item("couplet text", line, accepted, stage="base"))
        return found

    def truth(self) -> dict[str, object]:
        return {
            "rhymes": self.rhymes,
            "verbs": VERBS,
            "held_out": [list(pair) for pair in self.held_out],
        }
