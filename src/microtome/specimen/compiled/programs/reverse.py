"""reverse: `a c b >` is followed by `b c a </s>`.

Where the separator stood tells each later position which letter it is to write: the one as far
before the separator as the position lies behind it.
"""

from collections.abc import Iterator
from itertools import product
from random import Random

from microtome.specimen.compiled.program import NONE, Aggregate, Map, Program, Text
from microtome.specimen.special_tokens import END, START

LETTERS = tuple("abcdef")
LONGEST = 7
POSITIONS = 2 * LONGEST + 3


def _text(word: tuple[str, ...]) -> Text:
    return Text.generated((*word, ">"), word[::-1])


def _short() -> Iterator[Text]:
    for length in range(1, 4):
        yield from map(_text, product(LETTERS, repeat=length))


def _draw(random: Random) -> Text:
    return _text(tuple(random.choices(LETTERS, k=random.randint(4, LONGEST))))


def _source(separator: str, position: str) -> str:
    """Where the letter that comes next stands; 0 for the end."""
    mirrored = 2 * int(separator) - 1 - int(position)
    return str(mirrored) if separator != "0" and 0 <= mirrored <= LONGEST else NONE


REVERSE = Program(
    name="reverse",
    about="writes a word backwards after a separator",
    symbols=(*LETTERS, ">"),
    positions=POSITIONS,
    steps=(
        Aggregate(
            "separator",
            query="token",
            key="token",
            value="position",
            select=lambda query, key: key == ">",
            about="where > stands; 0 where there is none yet",
        ),
        Map(
            "source",
            ("separator", "position"),
            (NONE, *map(str, range(LONGEST + 1))),
            _source,
            about="where the letter that comes next stands; 0 for the end",
        ),
        Aggregate(
            "letter",
            query="source",
            key="position",
            value="token",
            select=lambda query, key: query == key,
            about="the token at the source",
        ),
        Map(
            "next",
            ("letter",),
            (NONE, *LETTERS, END),
            lambda letter: END if letter == START else letter if letter in LETTERS else NONE,
        ),
    ),
    output="next",
    short=_short,
    draw=_draw,
)
