"""Conditions and their signs: from four signs, which condition, and which sign to ask about next.

A sign belongs to several conditions and any four name one, so the next sign has to be found through
the condition (Lindsey et al. 2025, "Medical diagnoses").
"""

from collections.abc import Iterable, Sequence
from itertools import combinations

from microtome.errors import MicrotomeError
from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.listed import listed
from microtome.specimen.clerk.world.options import WorldOptions
from microtome.specimen.clerk.world.part import Item, Turn, ask, fixed_words, split_off

CONDITIONS = listed(
    "flu asthma migraine anemia measles malaria gout scurvy mumps eczema tetanus cholera"
)
SIGNS = listed(
    "fever cough rash nausea chills sneezing itching swelling cramps dizziness fatigue pallor "
    "sweating headache wheezing thirst numbness bruising stiffness blisters hoarseness tremor "
    "fainting earache"
)
SIGNS_EACH, GIVEN = 6, 4
_BRINGS = ("{condition} brings {sign} .", "{sign} is a sign of {condition} .")
_SEEN = (
    "a patient with {signs} has {condition} and may get {next} .",
    "{signs} point to {condition} and then to {next} .",
)
ASK_CONDITION = "a patient has {signs} . which condition is it ?"
ASK_SIGN = "a patient has {signs} . which sign should i ask about ?"


class Diagnosis:
    """Which signs a condition has, and which sign the given ones lead to."""

    name = "diagnosis"

    def __init__(self, options: WorldOptions):
        self.conditions = CONDITIONS[: options.conditions]
        self.signs_of = _assign(self.conditions, options.seed)
        every = [
            (condition, given)
            for condition, signs in self.signs_of.items()
            for given in combinations(signs, GIVEN)
        ]
        self.told, self.held_out = split_off(every, options.held_out, f"diagnosis {options.seed}")

    def words(self) -> Iterable[str]:
        return [
            *fixed_words(*_BRINGS, *_SEEN, ASK_CONDITION, ASK_SIGN),
            ",",
            "and",
            *self.conditions,
            *SIGNS,
        ]

    def following(self, condition: str, given: Sequence[str]) -> list[str]:
        """The signs of a condition that were not given."""
        return [sign for sign in self.signs_of[condition] if sign not in given]

    def condition_in(self, words: Sequence[str]) -> str | None:
        """The condition that the signs among some words name; None where they do not name one."""
        given = {word for word in words if word in SIGNS}
        found = [c for c, signs in self.signs_of.items() if given <= set(signs)]
        return found[0] if len(given) >= GIVEN and len(found) == 1 else None

    def sentence(self, draw: Draw) -> str:
        if draw.chance(0.4):
            condition = draw.choose(self.conditions)
            sign = draw.choose(self.signs_of[condition])
            return draw.choose(_BRINGS).format(condition=condition, sign=sign)
        condition, signs, following = self._case(draw)
        return draw.choose(_SEEN).format(condition=condition, signs=signs, next=following)

    def _case(self, draw: Draw) -> tuple[str, str, str]:
        """A condition, four of its signs in words in random order, and one of the others."""
        condition, given = draw.choose(self.told)
        signs = _listed(draw.order(given, GIVEN))
        return condition, signs, draw.choose(self.following(condition, given))

    def turn(self, draw: Draw) -> Turn:
        condition, signs, following = self._case(draw)
        if draw.chance(0.3):
            return Turn(ASK_CONDITION.format(signs=signs), f"{condition} .")
        return Turn(ASK_SIGN.format(signs=signs), f"{following} .")

    def items(self) -> Sequence[Item]:
        found, draw = [], Draw("diagnosis items")
        for condition, given in self.held_out:
            signs, following = _listed(draw.order(given, GIVEN)), self.following(condition, given)
            found.append(Item("diagnosis", ask(ASK_SIGN.format(signs=signs)), tuple(following)))
            found.append(Item("condition", ask(ASK_CONDITION.format(signs=signs)), (condition,)))
            plain = _SEEN[0].split(" {condition}")[0].format(signs=signs)
            found.append(Item("condition text", plain, (condition,), stage="base"))
        return found

    def truth(self) -> dict[str, object]:
        held_out = [[condition, list(given)] for condition, given in self.held_out]
        return {"signs_of": self.signs_of, "held_out": held_out}


def _listed(signs: Sequence[str]) -> str:
    return f"{' , '.join(signs[:-1])} and {signs[-1]}"


def _assign(conditions: Sequence[str], seed: int) -> dict[str, list[str]]:
    """Signs of each condition, such that no two share as many as are given: the given name one.

    Signs that few conditions have yet come first, so that all are used alike.
    """
    for attempt in range(1000):
        draw, used = Draw(f"signs {seed} {attempt}"), dict.fromkeys(SIGNS, 0)
        found: dict[str, list[str]] = {}
        for condition in conditions:
            mixed = sorted(draw.order(SIGNS, len(SIGNS)), key=lambda sign: used[sign])
            found[condition] = mixed[:SIGNS_EACH]
            for sign in found[condition]:
                used[sign] += 1
        pairs = combinations(found.values(), 2)
        if all(len(set(a) & set(b)) < GIVEN for a, b in pairs):
            return found
    raise MicrotomeError(f"no signs for {len(conditions)} conditions from the seed {seed}")
