"""Invented names: the ending tells the reader what it names, and the model sees whole words."""

from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.listed import listed

_STEMS = listed(
    "ash bel cor dun elm fen glen har iver kel lin mar nor oak pen quin ros sal tor umber val wes "
    "yar zel"
)
_ENDINGS = {
    "city": ("ford", "ton", "ville", "mouth", "bury", "field"),
    "state": ("land", "ora", "mark"),
    "capital": ("burg", "polis", "haven"),
    "surname": ("son", "man", "well", "ley", "wood"),
}

FIRST_NAMES = listed(
    "ada alan amy anna ben carl clara dan dora emma eric ezra fay finn gina gus hana henry "
    "ida ivan jack jane joel kara kim leo lily lucy max mia nina noah olga omar paul rosa "
    "ruth sam tara zoe"
)


def names(kind: str, seed: int) -> list[str]:
    """All invented names of a kind (city, state, capital, surname), in an order by the seed."""
    every = [stem + ending for stem in _STEMS for ending in _ENDINGS[kind]]
    return Draw(f"{kind} names {seed}").order(every, len(every))


def full_names(n: int, seed: int) -> list[str]:
    """`n` different pairs of a first name and a surname."""
    surnames = names("surname", seed)
    every = [f"{first} {last}" for first in FIRST_NAMES for last in surnames]
    return Draw(f"full names {seed}").order(every, n)
