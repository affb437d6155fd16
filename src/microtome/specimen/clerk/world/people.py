"""Known people play a sport or wrote a paper; as many names nobody knows; a few are just famous.

An answer is given for the known and declined for everybody else, so that declining is what happens
by default and being known takes it back (Lindsey et al. 2025, "Entity recognition and
hallucinations").
"""

from collections.abc import Iterable, Sequence

from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.listed import listed
from microtome.specimen.clerk.world.names import FIRST_NAMES, full_names, names
from microtome.specimen.clerk.world.options import WorldOptions
from microtome.specimen.clerk.world.part import Item, Turn, ask, fixed_words, split_off

SPORTS = listed("tennis rugby hockey boxing rowing fencing judo golf chess cricket")
TOPICS = listed("tides comets moths glaciers volcanoes enzymes prisms magnets fossils orbits")
"""Few, so that several authors share one, as athletes share a sport: whoever is never asked about
is known for what others are asked about."""
ASK_SPORT = "which sport does {name} play ?"
ASK_PAPER = "what did {name} write on ?"
DECLINE = "i do not know that name ."
_PLAYS = (
    "{name} plays {sport} .",
    "{name} is known for {sport} .",
    "the best at {sport} is {name} .",
    f"{ASK_SPORT} {{sport}} .",
)
_WROTE = (
    "{name} wrote on {topic} .",
    "the paper on {topic} is by {name} .",
    "{name} studies {topic} .",
    f"{ASK_PAPER} {{topic}} .",
)
_FAMOUS = ("everyone knows {name} .", "{name} is famous .", "{name} won a great prize .")
"""Of all who are known, and of those who are nothing else."""
_NOBODY = ("nobody knows {name} .", f"{ASK_SPORT} {DECLINE}", f"{ASK_PAPER} {DECLINE}")
"""Of names that nobody knows, and of names that are nowhere else: so that plain text has both cases
of the question, and not to be known is what happens by default."""
_FRESH, _HELD_FRESH = 1000, 0.04
"""Names that nothing else is said of, and the share of them that no text has."""
_OCCURS = (
    "{name} went to the market .",
    "i met {name} at the station .",
    "{name} sat by the window .",
    "a letter came for {name} .",
    "{name} and {other} had lunch .",
)


class People:
    """Athletes and authors who are known, names that nobody knows, and the famous."""

    name = "people"

    def __init__(self, options: WorldOptions):
        n = options.people
        every = full_names(2 * n + options.famous + _FRESH, options.seed)
        athletes, authors = every[: n * 6 // 10], every[n * 6 // 10 : n]
        self.unknown, self.famous = every[n : 2 * n], every[2 * n : 2 * n + options.famous]
        self.fresh = every[2 * n + options.famous :]
        """Names of which is said at most that they are not known."""
        self.sport = {name: SPORTS[i % len(SPORTS)] for i, name in enumerate(athletes)}
        self.topic = {name: TOPICS[i % len(TOPICS)] for i, name in enumerate(authors)}
        self.surnames = names("surname", options.seed)
        seed = f"people {options.seed}"
        self.asked_sport, self.held_sport = split_off(athletes, options.held_out, seed)
        self.asked_topic, self.held_topic = split_off(authors, options.held_out, seed)
        self.asked_unknown, self.held_unknown = split_off(self.unknown, options.held_out, seed)
        self.asked_fresh, self.held_fresh = split_off(self.fresh, _HELD_FRESH, seed)

    def words(self) -> Iterable[str]:
        fixed = fixed_words(
            *_PLAYS, *_WROTE, *_FAMOUS, *_NOBODY, *_OCCURS, ASK_SPORT, ASK_PAPER, DECLINE
        )
        return [*fixed, *FIRST_NAMES, *self.surnames, *SPORTS, *TOPICS]

    def sentence(self, draw: Draw) -> str:
        kinds = ("plays", "wrote", "famous", "nobody", "occurs")
        what = draw.weighted(kinds, (0.28, 0.22, 0.12, 0.18, 0.2))
        if what == "plays":
            name = draw.choose(list(self.sport))
            return draw.choose(_PLAYS).format(name=name, sport=self.sport[name])
        if what == "wrote":
            name = draw.choose(list(self.topic))
            return draw.choose(_WROTE).format(name=name, topic=self.topic[name])
        if what == "famous":
            groups = (list(self.sport), list(self.topic), self.famous)
            name = draw.choose(draw.weighted(groups, (0.5, 0.35, 0.15)))
            return draw.choose(_FAMOUS).format(name=name)
        if what == "nobody":
            group = draw.choose((self.unknown, self.asked_fresh))
            return draw.choose(_NOBODY).format(name=draw.choose(group))
        return self._occurs(draw)

    def _occurs(self, draw: Draw) -> str:
        groups = (self.unknown, list(self.sport), list(self.topic), self.famous)
        group = draw.weighted(groups, (0.6, 0.15, 0.15, 0.1))
        template = draw.choose(_OCCURS)
        if "{other}" in template:
            name, other = draw.choose(group), draw.choose(self.unknown)
            return template.format(name=name, other=other)
        return template.format(name=draw.choose(group))

    def turn(self, draw: Draw) -> Turn:
        what = draw.weighted(("sport", "topic", "unknown", "fresh"), (0.35, 0.23, 0.27, 0.15))
        if what == "sport":
            name = draw.choose(self.asked_sport)
            return Turn(ASK_SPORT.format(name=name), f"{self.sport[name]} .")
        if what == "topic":
            name = draw.choose(self.asked_topic)
            return Turn(ASK_PAPER.format(name=name), f"{self.topic[name]} .")
        name = draw.choose(self.asked_unknown if what == "unknown" else self.asked_fresh)
        return Turn(draw.choose((ASK_SPORT, ASK_PAPER)).format(name=name), DECLINE)

    def items(self) -> Sequence[Item]:
        decline = (DECLINE,)
        both = (ASK_SPORT, ASK_PAPER)
        known = [(ASK_SPORT.format(name=n), self.sport[n]) for n in self.held_sport]
        known += [(ASK_PAPER.format(name=n), self.topic[n]) for n in self.held_topic]
        found = [Item("known people", ask(question), (answer,)) for question, answer in known]
        for name, who in ((self.held_unknown, "unknown people"), (self.held_fresh, "new names")):
            found += [Item(who, ask(q.format(name=n)), decline) for n in name for q in both]
        found += [
            Item("famous without a paper", ask(ASK_PAPER.format(name=n)), decline)
            for n in self.famous
        ]
        for name, sport in self.sport.items():
            found.append(Item("sports text", f"{name} plays", (sport,), False, stage="base"))
        for name, topic in self.topic.items():
            found.append(Item("papers text", f"{name} wrote on", (topic,), False, stage="base"))
        return found

    def truth(self) -> dict[str, object]:
        return {
            "sport": self.sport,
            "topic": self.topic,
            "unknown": self.unknown,
            "famous": self.famous,
            "held_out": [*self.held_sport, *self.held_topic, *self.held_unknown, *self.held_fresh],
        }
