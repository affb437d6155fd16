"""histogram: `b a b >` is followed by `a 1 b 2 c 0 d 0 </s>`: how often each letter occurs.

After the separator a letter is followed by its count among the letters of the word, a count by the
letter after the one before it.
"""

from collections.abc import Iterator
from itertools import product
from random import Random

from microtome.specimen.compiled.program import (
    END,
    NONE,
    START,
    Aggregate,
    Map,
    Program,
    Text,
    Width,
)

LETTERS = tuple("abcd")
LONGEST = 6
COUNTS = tuple(map(str, range(LONGEST + 1)))
POSITIONS = LONGEST + 2 * len(LETTERS) + 3


def _text(word: tuple[str, ...]) -> Text:
    counts = [(letter, str(word.count(letter))) for letter in LETTERS]
    return Text.generated((*word, ">"), tuple(token for pair in counts for token in pair))


def _short() -> Iterator[Text]:
    for length in range(1, 5):
        yield from map(_text, product(LETTERS, repeat=length))


def _draw(random: Random) -> Text:
    return _text(tuple(random.choices(LETTERS, k=random.randint(5, LONGEST))))


def _follower(token: str, previous: str) -> str:
    """What follows a token that no count follows: the first letter, the next one, or the end."""
    if token == ">":
        return LETTERS[0]
    if token not in COUNTS or previous not in LETTERS:
        return NONE
    return (*LETTERS, END)[LETTERS.index(previous) + 1]


HISTOGRAM = Program(
    name="histogram",
    about="writes how often each letter occurs in a word",
    symbols=(*LETTERS, *COUNTS, ">"),
    positions=POSITIONS,
    steps=(
        Aggregate(
            "separator",
            query="token",
            key="token",
            value="token",
            select=lambda query, key: key == ">",
            about="> from the separator on, <s> before it",
        ),
        Aggregate(
            "previous",
            query="position",
            key="position",
            value="token",
            select=lambda query, key: int(key) == int(query) - 1,
            about="the token before this one",
        ),
        Map(
            "in word",
            ("token", "separator"),
            (NONE, *LETTERS),
            lambda token, separator: token if token in LETTERS and separator == START else NONE,
            about="the letter, where it belongs to the word",
        ),
        Map(
            "follower",
            ("token", "previous"),
            (NONE, *LETTERS, END),
            _follower,
            about="what follows a token that no count follows",
        ),
        Width(
            "count",
            query="token",
            key="in word",
            select=lambda query, key: query in LETTERS and query == key,
            most=LONGEST,
            about="how often this letter occurs in the word",
        ),
        Map(
            "next",
            ("follower", "count"),
            (*LETTERS, *COUNTS, END),
            lambda follower, count: count if follower == NONE else follower,
        ),
    ),
    output="next",
    short=_short,
    draw=_draw,
)
