"""parentheses: after every prefix, whether it is balanced: `yes` or `no`.

Two heads count what has been opened and closed. A prefix with more closed than opened is over, and
no prefix after it is balanced again.
"""

from collections.abc import Iterator
from itertools import accumulate, product
from random import Random

from microtome.specimen.compiled.program import Aggregate, Map, Program, Text, Width

LONGEST = 10
POSITIONS = LONGEST + 1


def _text(marks: tuple[str, ...]) -> Text:
    depths = list(accumulate(1 if mark == "(" else -1 for mark in marks))
    lowest = accumulate(depths, min)
    targets = (
        "yes" if d == 0 and low == 0 else "no" for d, low in zip(depths, lowest, strict=True)
    )
    return Text(marks, tuple(targets))


def _short() -> Iterator[Text]:
    for length in range(1, 9):
        yield from map(_text, product("()", repeat=length))


def _draw(random: Random) -> Text:
    """Half of them walks that never go below 0, as balanced ones are rare otherwise."""
    careful, depth, marks = random.random() < 0.5, 0, []
    for _ in range(random.randint(9, LONGEST)):
        up = random.random() < 0.5 or (careful and depth == 0)
        marks.append("(" if up else ")")
        depth += 1 if up else -1
    return _text(tuple(marks))


def _depth(opened: str, closed: str) -> str:
    if opened == closed:
        return "even"
    return "open" if int(opened) > int(closed) else "over"


PARENTHESES = Program(
    name="parentheses",
    about="says of every prefix of brackets whether it is balanced",
    symbols=("(", ")", "yes", "no"),
    positions=POSITIONS,
    steps=(
        Width("opened", "token", "token", lambda query, key: key == "(", LONGEST),
        Width("closed", "token", "token", lambda query, key: key == ")", LONGEST),
        Map("depth", ("opened", "closed"), ("even", "open", "over"), _depth),
        Aggregate(
            "lost",
            query="depth",
            key="depth",
            value="depth",
            select=lambda query, key: key == "over",
            about="over from the first prefix on that is over, even before it",
        ),
        Map(
            "next",
            ("depth", "lost"),
            ("no", "yes"),
            lambda depth, lost: "yes" if depth == "even" and lost == "even" else "no",
        ),
    ),
    output="next",
    short=_short,
    draw=_draw,
)
