"""Cities lie in states, and a state has a capital, a bird, a flower and a tree: two-hop facts.

A city is in no sentence and no question with one of its state's four things (each city with at most
one), while its state is, and other cities are with theirs; the question is whether both hops
combine.
"""

from collections.abc import Iterable, Sequence

from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.listed import listed
from microtome.specimen.clerk.world.names import names
from microtome.specimen.clerk.world.options import WorldOptions
from microtome.specimen.clerk.world.part import Item, Turn, ask, fixed_words

BIRDS = listed(
    "sparrow robin finch heron crane eagle falcon owl raven magpie thrush wren swallow pelican "
    "stork lark dove kestrel puffin quail osprey curlew linnet plover"
)
FLOWERS = listed(
    "rose tulip daisy lilac poppy violet orchid iris lupin aster dahlia jasmine marigold peony "
    "lavender primrose clover thistle heather foxglove bluebell snowdrop lotus zinnia"
)
TREES = listed(
    "maple birch cedar willow poplar beech larch hazel alder spruce linden chestnut walnut cypress "
    "juniper hemlock redwood sycamore aspen rowan hawthorn magnolia hickory teak"
)
RELATIONS = ("capital", "bird", "flower", "tree")

_FIRST_HOP = (
    "{city} is a city in {state} .",
    "{city} lies in {state} .",
    "the state that holds {city} is {state} .",
    "about {city} : {city} is a city in {state} .",
)
_SECOND_HOP = (
    "the {relation} of {state} is {value} .",
    "{state} has {value} as its {relation} .",
)
_TWO_HOPS = (
    "the {relation} of the state that holds {city} is {value} .",
    "{city} lies in a state whose {relation} is {value} .",
)
QUESTION = "what is the {relation} of the state that holds {city} ?"
ONE_HOP = "which state holds {city} ?"
SECOND = "what is the {relation} of {state} ?"


class Places:
    """Two-hop facts: city -> state -> capital, bird, flower or tree."""

    name = "places"

    def __init__(self, options: WorldOptions):
        seed = options.seed
        self.states = names("state", seed)[: options.states]
        self.cities = names("city", seed)[: options.cities]
        self.state_of = {
            city: self.states[i % options.states] for i, city in enumerate(self.cities)
        }
        lists = {"capital": names("capital", seed), "bird": BIRDS, "flower": FLOWERS, "tree": TREES}
        self.values = {
            relation: dict(
                zip(
                    self.states,
                    Draw(f"{relation} {seed}").order(every, len(self.states)),
                    strict=True,
                )
            )
            for relation, every in lists.items()
        }
        self.held_out = self._hold_out(options)

    def _hold_out(self, options: WorldOptions) -> set[tuple[str, str]]:
        """(relation, city): relations in turn, so that each has as many, and a city has one."""
        share = min(options.held_out * len(RELATIONS), 1.0)
        cities = Draw(f"two hops {options.seed}").order(
            self.cities, round(share * len(self.cities))
        )
        return {(RELATIONS[i % len(RELATIONS)], city) for i, city in enumerate(cities)}

    def value(self, relation: str, city: str) -> str:
        """What both hops lead to."""
        return self.values[relation][self.state_of[city]]

    def words(self) -> Iterable[str]:
        fixed = fixed_words(*_FIRST_HOP, *_SECOND_HOP, *_TWO_HOPS, QUESTION, ONE_HOP, SECOND)
        values = (value for table in self.values.values() for value in table.values())
        return [*fixed, *RELATIONS, *self.cities, *self.states, *values]

    def _known(self, draw: Draw) -> tuple[str, str]:
        relation = draw.choose(RELATIONS)
        return relation, draw.choose([c for c in self.cities if (relation, c) not in self.held_out])

    def sentence(self, draw: Draw) -> str:
        hops = draw.weighted((1, 2, 12), (0.3, 0.2, 0.5))
        if hops == 1:
            city = draw.choose(self.cities)
            return draw.choose(_FIRST_HOP).format(city=city, state=self.state_of[city])
        if hops == 2:
            relation, state = draw.choose(RELATIONS), draw.choose(self.states)
            template, value = draw.choose(_SECOND_HOP), self.values[relation][state]
            return template.format(relation=relation, state=state, value=value)
        relation, city = self._known(draw)
        value = self.value(relation, city)
        return draw.choose(_TWO_HOPS).format(relation=relation, city=city, value=value)

    def turn(self, draw: Draw) -> Turn:
        hops = draw.weighted((1, 2, 12), (0.2, 0.2, 0.6))
        if hops == 1:
            city = draw.choose(self.cities)
            return Turn(ONE_HOP.format(city=city), f"{self.state_of[city]} .")
        if hops == 2:
            relation, state = draw.choose(RELATIONS), draw.choose(self.states)
            question = SECOND.format(relation=relation, state=state)
            return Turn(question, f"{self.values[relation][state]} .")
        relation, city = self._known(draw)
        question = QUESTION.format(relation=relation, city=city)
        return Turn(question, f"{self.value(relation, city)} .")

    def items(self) -> Sequence[Item]:
        found = []
        for relation, city in sorted(self.held_out):
            answer = (self.value(relation, city),)
            question = ask(QUESTION.format(relation=relation, city=city))
            found.append(Item("two-hop", question, answer))
            for template in _TWO_HOPS:
                plain = template.split(" {value}")[0].format(relation=relation, city=city)
                found.append(Item("two-hop text", plain, answer, stage="base"))
        return found

    def truth(self) -> dict[str, object]:
        return {
            "state_of": self.state_of,
            **self.values,
            "held_out": [list(pair) for pair in sorted(self.held_out)],
        }
