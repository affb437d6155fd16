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
    "substances": (8, 24),
    "held_out": (0.05, 0.25),
}
"""The smallest and largest value of each option."""


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
    """Known people; as many names only occur."""
    famous: int = 8
    """People who are well known, for neither a sport nor a paper."""
    conditions: int = 12
    substances: int = 24
    held_out: float = 0.2
    """Share of questions that no stage is trained on."""

    def __post_init__(self):
        for field in fields(self):
            low, high = RANGES[field.name]
            value = getattr(self, field.name)
            if not isinstance(value, int | float) or not low <= value <= high:
                raise MicrotomeError(
                    f"the world's {field.name} is {value!r}; it must be from {low} to {high}"
                )
        if self.cities < 2 * self.states:
            raise MicrotomeError(
                f"{self.cities} cities are too few for {self.states} states; "
                f"there must be two or more a state"
            )
