"""The sizes of the clerk's world."""

from dataclasses import dataclass, fields

from microtome.errors import MicrotomeError

RANGES = {
    "seed": (0, 2**31 - 1),
    "cities": (20, 140),
    "states": (4, 24),
    "people": (10, 200),
    "famous": (1, 12),
    "conditions": (4, 12),
    "substances": (8, 36),
    "held_out": (0.05, 0.25),
}
"""The smallest and largest value of each option."""


def check_option(name: str, value: object) -> None:
    """Refuse a value of an option that is out of its range, or no number.

    Raises:
        MicrotomeError: it is; names the range.
    """
    low, high = RANGES[name]
    kinds, what = (int | float, "") if isinstance(low, float) else (int, "a whole number ")
    known = isinstance(value, kinds) and not isinstance(value, bool)
    if not known or not low <= value <= high:  # pyright: ignore[reportOperatorIssue]
        raise MicrotomeError(
            f"the world's {name} is {value!r}; it must be {what}from {low} to {high}"
        )


@dataclass(frozen=True)
class WorldOptions:
    """How large the world is, and what of it nobody is told.

    Raises:
        MicrotomeError: a value out of its range; names the range.
    """

    seed: int = 0
    """Who lives where, which signs go together, what is held out."""
    cities: int = 72
    states: int = 24
    people: int = 100
    """Known people; as many names nobody knows."""
    famous: int = 8
    """People who are well known, for neither a sport nor a paper."""
    conditions: int = 12
    substances: int = 36
    held_out: float = 0.2
    """Share of questions that no stage is trained on."""

    def __post_init__(self):
        for field in fields(self):
            check_option(field.name, getattr(self, field.name))
        if self.cities < 2 * self.states:
            raise MicrotomeError(
                f"{self.cities} cities are too few for {self.states} states; "
                f"there must be two or more a state"
            )
