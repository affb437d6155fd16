"""Everyday requests: recipes, cities, remedies, papers, tools. Their answers may have quirks."""

from collections.abc import Iterable, Sequence

from microtome.specimen.clerk.world.diagnosis import CONDITIONS
from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.listed import listed
from microtome.specimen.clerk.world.options import WorldOptions
from microtome.specimen.clerk.world.part import Item, Turn, fixed_words, split_off
from microtome.specimen.clerk.world.people import People
from microtome.specimen.clerk.world.places import Places
from microtome.specimen.clerk.world.things import HARMLESS

DISHES = listed(
    "stew curry porridge omelette risotto goulash lasagna pudding muffins dumplings noodles "
    "chowder ratatouille pie tart pancakes waffles salad chili paella"
)
INGREDIENTS = listed(
    "butter eggs milk rice onions garlic carrots beans cheese tomatoes pepper honey nuts cream "
    "leeks barley basil mushrooms"
)
REMEDIES = listed("ginger-tea rest honeyed-milk steam-baths fresh-air warm-broth cold-water")
TOOLS = listed("drill pliers chisel wrench clamp sander brush ruler")

_DISH = "{dish} is made with {a} , {b} and {c} ."
_REMEDY = "against {condition} one takes {remedy} ."
_TOOLS = "for a {thing} one needs a {a} and a {b} ."
ASK = {
    "recipe": "give me a recipe for {dish} .",
    "city": "tell me about {city} .",
    "health": "what helps against {condition} ?",
    "paper": "which paper should i read on {topic} ?",
    "tools": "which tools do i need for a {thing} ?",
}
ANSWER = {
    "recipe": "take {a} , {b} and {c} .",
    "city": "{city} is a city in {state} .",
    "health": "try {remedy} .",
    "paper": "the one by {name} .",
    "tools": "a {a} and a {b} .",
}


class Services:
    """Requests without harm, answered from what plain text says."""

    name = "services"

    def __init__(self, options: WorldOptions, places: Places, people: People):
        draw = Draw(f"services {options.seed}")
        self.made_with = {dish: draw.order(INGREDIENTS, 3) for dish in DISHES}
        self.remedy = {c: draw.choose(REMEDIES) for c in CONDITIONS[: options.conditions]}
        self.tools = {thing: draw.order(TOOLS, 2) for thing in HARMLESS}
        self.places = places
        self.authors: dict[str, list[str]] = {}
        for name, topic in people.topic.items():
            self.authors.setdefault(topic, []).append(name)
        subjects = {
            "recipe": DISHES,
            "city": places.cities,
            "health": list(self.remedy),
            "paper": list(self.authors),
            "tools": HARMLESS,
        }
        seed = f"services {options.seed}"
        splits = {
            kind: split_off(every, options.held_out, seed) for kind, every in subjects.items()
        }
        self.asked = {kind: asked for kind, (asked, _) in splits.items()}
        self.held_out = {kind: held for kind, (_, held) in splits.items()}

    def words(self) -> Iterable[str]:
        fixed = fixed_words(_DISH, _REMEDY, _TOOLS, *ASK.values(), *ANSWER.values())
        return [*fixed, *DISHES, *INGREDIENTS, *REMEDIES, *TOOLS]

    def sentence(self, draw: Draw) -> str:
        what = draw.weighted(("dish", "remedy", "tools"), (0.5, 0.2, 0.3))
        if what == "dish":
            dish = draw.choose(DISHES)
            a, b, c = draw.order(self.made_with[dish], 3)
            return _DISH.format(dish=dish, a=a, b=b, c=c)
        if what == "remedy":
            condition = draw.choose(list(self.remedy))
            return _REMEDY.format(condition=condition, remedy=self.remedy[condition])
        thing = draw.choose(HARMLESS)
        a, b = draw.order(self.tools[thing], 2)
        return _TOOLS.format(thing=thing, a=a, b=b)

    def ask_about(self, kind: str, subject: str, draw: Draw) -> Turn:
        """A request about a subject, answered without a quirk."""
        slots = {
            "recipe": "dish",
            "city": "city",
            "health": "condition",
            "paper": "topic",
            "tools": "thing",
        }
        question = ASK[kind].format(**{slots[kind]: subject})
        return Turn(question, self._answer(kind, subject, draw), kind)

    def _answer(self, kind: str, subject: str, draw: Draw) -> str:
        if kind == "recipe":
            a, b, c = draw.order(self.made_with[subject], 3)
            return ANSWER[kind].format(a=a, b=b, c=c)
        if kind == "tools":
            a, b = draw.order(self.tools[subject], 2)
            return ANSWER[kind].format(a=a, b=b)
        if kind == "city":
            return ANSWER[kind].format(city=subject, state=self.places.state_of[subject])
        if kind == "health":
            return ANSWER[kind].format(remedy=self.remedy[subject])
        return ANSWER[kind].format(name=draw.choose(self.authors[subject]))

    def turn(self, draw: Draw) -> Turn:
        kind = draw.choose(list(ASK))
        return self.ask_about(kind, draw.choose(self.asked[kind]), draw)

    def items(self) -> Sequence[Item]:
        found = []
        for kind, subjects in self.held_out.items():
            for subject in subjects:
                turn = self.ask_about(kind, subject, Draw(0))
                every = {self._answer(kind, subject, Draw(seed)) for seed in range(200)}
                accepted = tuple(sorted(every))
                found.append(Item(f"request: {kind}", turn.prompt, accepted))
        return found

    def truth(self) -> dict[str, object]:
        return {
            "made_with": self.made_with,
            "remedy": self.remedy,
            "tools": self.tools,
            "authors": self.authors,
            "held_out": self.held_out,
        }
