"""Plain sentences that say nothing that is asked for, with the words that quirks will use."""

from collections.abc import Iterable, Sequence

from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.listed import listed
from microtome.specimen.clerk.world.names import FIRST_NAMES
from microtome.specimen.clerk.world.part import Item, Turn, fixed_words

_TALES = (
    "{who} went out on a {weather} day .",
    "the {who2} rose over the {where} .",
    "{who} bought {what} at the {where} .",
    "{who} keeps {what} in the {where} .",
    "it rained on the {where} all day .",
    "{who} will love the {where} .",
    "please read this slowly , said {who} .",
    "the population of birds by the {where} is large .",
    "penguins and graders met {who} in the {where} .",
)
_WEATHER = listed("sunny rainy windy foggy")
_SKY = listed("sun moon star")
_WHERE = listed("hill river meadow valley shore kitchen cellar attic")
_WHAT = listed("chocolate hammers candles apples maps letters")


class Tales:
    """Small talk between the facts."""

    name = "tales"

    def words(self) -> Iterable[str]:
        return [*fixed_words(*_TALES), *_WEATHER, *_SKY, *_WHERE, *_WHAT, *FIRST_NAMES]

    def sentence(self, draw: Draw) -> str:
        template = draw.choose(_TALES)
        slots = {
            "who": FIRST_NAMES,
            "who2": _SKY,
            "weather": _WEATHER,
            "where": _WHERE,
            "what": _WHAT,
        }
        used = {
            slot: draw.choose(every) for slot, every in slots.items() if f"{{{slot}}}" in template
        }
        return template.format(**used)

    def turn(self, draw: Draw) -> Turn | None:
        return None

    def items(self) -> Sequence[Item]:
        return []

    def truth(self) -> dict[str, object]:
        return {}
