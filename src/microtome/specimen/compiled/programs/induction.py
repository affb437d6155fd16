"""induction: of a word that repeats, `c a b c a` is followed by `b`.

A previous-token head, and a head that looks for the position whose previous token is this one
(Olsson et al. 2022, "In-context Learning and Induction Heads"): no MLP is needed.
"""

from collections.abc import Iterator
from itertools import permutations
from random import Random

from microtome.specimen.compiled.program import Aggregate, Program, Text

LETTERS = tuple("abcdefgh")
LONGEST = 8
POSITIONS = 2 * LONGEST + 1


def _text(word: tuple[str, ...], length: int) -> Text:
    """The word, repeated up to a length; promised from where it begins again."""
    tokens = tuple(word[i % len(word)] for i in range(length))
    follows = (word[(i + 1) % len(word)] for i in range(len(word), length))
    return Text(tokens, ((None,) * len(word) + tuple(follows)))


def _short() -> Iterator[Text]:
    for length in range(1, 5):
        for word in permutations(LETTERS, length):
            yield _text(word, 2 * length + 1)


def _draw(random: Random) -> Text:
    word = tuple(random.sample(LETTERS, random.randint(5, LONGEST)))
    return _text(word, random.randint(len(word) + 1, POSITIONS - 1))


INDUCTION = Program(
    name="induction",
    about="continues a word that repeats: a previous-token head and an induction head",
    symbols=LETTERS,
    positions=POSITIONS,
    steps=(
        Aggregate(
            "previous",
            query="position",
            key="position",
            value="token",
            select=lambda query, key: int(key) == int(query) - 1,
            about="the token before this one",
        ),
        Aggregate(
            "next",
            query="token",
            key="previous",
            value="token",
            select=lambda query, key: query in LETTERS and query == key,
            about="what followed this token before",
        ),
    ),
    output="next",
    short=_short,
    draw=_draw,
)
