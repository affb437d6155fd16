"""sort: `3 1 3 >` is followed by `1 3 3 </s>`.

After a digit comes the same digit again while fewer digits have been written than there are, in
the word, that are no larger; else the smallest larger one. All that has been written is no larger
than the last digit, so the tokens so far that are no larger than it are those of the word and
those written, together.
"""

from collections.abc import Iterator
from itertools import product
from random import Random

from microtome.specimen.compiled.program import (
    END,
    NONE,
    Aggregate,
    Map,
    Program,
    Text,
    Width,
)

DIGITS = tuple("0123456")
LONGEST = 6
POSITIONS = 2 * LONGEST + 3


def _text(word: tuple[str, ...]) -> Text:
    return Text.generated((*word, ">"), tuple(sorted(word)))


def _short() -> Iterator[Text]:
    for length in range(1, 4):
        yield from map(_text, product(DIGITS, repeat=length))


def _draw(random: Random) -> Text:
    return _text(tuple(random.choices(DIGITS, k=random.randint(4, LONGEST))))


def _larger(query: str, key: str) -> int:
    """Level of a digit: the smallest that is larger than the query's wins; > is below all."""
    if key not in DIGITS or (query in DIGITS and key <= query):
        return 0
    return len(DIGITS) - int(key)


def _written(separator: str, position: str) -> str:
    done = int(position) - int(separator)
    return str(done) if separator != "0" and 0 <= done <= LONGEST else NONE


def _again(written: str, no_larger: str) -> str:
    return "yes" if written not in (NONE, "0") and 2 * int(written) < int(no_larger) else "no"


def _next(again: str, token: str, larger: str) -> str:
    if again == "yes":
        return token if token in DIGITS else NONE
    return larger if larger in DIGITS else END


SORT = Program(
    name="sort",
    about="writes digits, repeated ones too, in order after a separator",
    symbols=(*DIGITS, ">"),
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
        Aggregate(
            "larger",
            query="token",
            key="token",
            value="token",
            select=_larger,
            about="the smallest digit so far that is larger than this one",
        ),
        Width(
            "no larger",
            query="token",
            key="token",
            select=lambda query, key: query in DIGITS and key in DIGITS and key <= query,
            most=2 * LONGEST,
            about="how many digits so far are no larger than this one",
        ),
        Map(
            "written",
            ("separator", "position"),
            (NONE, *map(str, range(LONGEST + 1))),
            _written,
            about="how many digits have been written",
        ),
        Map(
            "again",
            ("written", "no larger"),
            ("no", "yes"),
            _again,
            about="whether the same digit comes once more",
        ),
        Map("next", ("again", "token", "larger"), (NONE, *DIGITS, END), _next),
    ),
    output="next",
    short=_short,
    draw=_draw,
)
