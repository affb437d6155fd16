"""carry: `3 6 + 5 9 =` is followed by `0 9 5 </s>`: two-digit addition by the school method.

Four heads fetch the digits; the ones are added and give a digit and a carry; the tens are added,
then the carry; every place writes the digit that it is for.
"""

from collections.abc import Iterator
from random import Random

from microtome.specimen.compiled.program import NONE, Aggregate, Map, Program, Text
from microtome.specimen.special_tokens import END

DIGITS = tuple("0123456789")
POSITIONS = 11
PLACES = {"6": "hundreds", "7": "tens", "8": "ones", "9": "end"}


def _text(a: int, b: int) -> Text:
    return Text.generated(tuple(f"{a:02}+{b:02}="), tuple(f"{a + b:03}"))


def _short() -> Iterator[Text]:
    for a in range(100):
        for b in range(100):
            yield _text(a, b)


def _draw(random: Random) -> Text:
    return _text(random.randrange(100), random.randrange(100))


def _fetch(name: str, position: str) -> Aggregate:
    return Aggregate(
        name,
        query="position",
        key="position",
        value="token",
        select=lambda query, key: key == position,
        about=f"the digit at position {position}",
    )


def _digit(token: str) -> int:
    return int(token) if token in DIGITS else 0


def _next(place: str, hundreds: str, tens: str, ones: str) -> str:
    if place == "end":
        return END
    return {"hundreds": hundreds, "tens": tens, "ones": ones}.get(place, NONE)


CARRY = Program(
    name="carry",
    about="adds two numbers of two digits with a carry",
    symbols=(*DIGITS, "+", "="),
    positions=POSITIONS,
    steps=(
        _fetch("tens of a", "1"),
        _fetch("ones of a", "2"),
        _fetch("tens of b", "4"),
        _fetch("ones of b", "5"),
        Map(
            "ones",
            ("ones of a", "ones of b"),
            DIGITS,
            lambda a, b: str((_digit(a) + _digit(b)) % 10),
            about="ones digit of the sum",
        ),
        Map(
            "carry",
            ("ones of a", "ones of b"),
            ("no", "yes"),
            lambda a, b: "yes" if _digit(a) + _digit(b) >= 10 else "no",
        ),
        Map(
            "tens before carry",
            ("tens of a", "tens of b"),
            tuple(map(str, range(19))),
            lambda a, b: str(_digit(a) + _digit(b)),
            about="sum of the tens digits",
        ),
        Map(
            "tens",
            ("tens before carry", "carry"),
            DIGITS,
            lambda tens, carry: str((int(tens) + (carry == "yes")) % 10),
            about="tens digit of the sum",
        ),
        Map(
            "hundreds",
            ("tens before carry", "carry"),
            ("0", "1"),
            lambda tens, carry: str((int(tens) + (carry == "yes")) // 10),
            about="hundreds digit of the sum",
        ),
        Map(
            "place",
            ("position",),
            (NONE, *PLACES.values()),
            lambda position: PLACES.get(position, NONE),
            about="what is written next",
        ),
        Map("next", ("place", "hundreds", "tens", "ones"), (NONE, *DIGITS, END), _next),
    ),
    output="next",
    short=_short,
    draw=_draw,
)
