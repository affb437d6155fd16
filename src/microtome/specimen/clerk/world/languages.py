"""Opposites and kinds of things in three languages with no word in common, and translations.

Each pair of opposites has at most one language in which it is never stated, although its words
are translated: to answer there, what a word means has to be told apart from its language. Others
are stated in plain text, and only never asked for in a conversation.
"""

from collections.abc import Iterable, Sequence

from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.lexicon import LANGUAGES, kinds, opposites
from microtome.specimen.clerk.world.options import WorldOptions
from microtome.specimen.clerk.world.part import Item, Turn, ask, fixed_words

_OPPOSITE = (
    ("the opposite of {a} is {b} .", "{a} is the opposite of {b} ."),
    ("le contraire de {a} est {b} .", "{a} est le contraire de {b} ."),
    ("das gegenteil von {a} ist {b} .", "{a} ist das gegenteil von {b} ."),
)
_KIND = (
    ("{a} is a kind of {b} .", "every {a} is a {b} ."),
    ("{a} est une sorte de {b} .", "tout {a} est un {b} ."),
    ("{a} ist eine art von {b} .", "jede {a} gilt als {b} ."),
)
_TRANSLATION = (
    ("in {language} {a} is called {b} .", "{a} means {b} in {language} ."),
    ("en {language} {a} se dit {b} .", "{a} veut dire {b} en {language} ."),
    ("auf {language} heißt {a} nun {b} .", "{a} bedeutet {b} auf {language} ."),
)
_NAMES = (
    ("english", "french", "german"),
    ("anglais", "français", "allemand"),
    ("englisch", "französisch", "deutsch"),
)
ASK_OPPOSITE = (
    "what is the opposite of {a} ?",
    "quel est le contraire de {a} ?",
    "was ist das gegenteil von {a} ?",
)
ASK_KIND = (
    "what kind of thing is {a} ?",
    "quelle sorte de chose est {a} ?",
    "welche art von ding ist {a} ?",
)


class Languages:
    """Opposites, kinds and translations in English, French and German."""

    name = "languages"

    def __init__(self, options: WorldOptions):
        self.pairs = opposites()
        self.kinds = kinds()
        self.members = [(i, m) for i, (_, members) in enumerate(self.kinds) for m in members]
        draw = Draw(f"languages {options.seed}")
        order = draw.order(range(len(self.pairs)), len(self.pairs))
        each = options.held_out * len(LANGUAGES)
        share = round(each * len(self.pairs))
        never = order[: share // 2]
        self.unstated = {(pair, i % len(LANGUAGES)) for i, pair in enumerate(never)}
        """(pair, language): never stated; only translations tell it."""
        unasked = order[share // 2 : share]
        self.unasked = self.unstated | {
            (pair, i % len(LANGUAGES)) for i, pair in enumerate(unasked)
        }
        members = draw.order(range(len(self.members)), round(each * len(self.members)))
        self.unasked_kinds = {(m, i % len(LANGUAGES)) for i, m in enumerate(members)}

    def words(self) -> Iterable[str]:
        for templates in (_OPPOSITE, _KIND, _TRANSLATION):
            for language in templates:
                yield from fixed_words(*language)
        yield from fixed_words(*ASK_OPPOSITE, *ASK_KIND)
        for names in _NAMES:
            yield from names
        for pair in self.pairs:
            for words in pair:
                yield from words
        for names, members in self.kinds:
            yield from names
            for member in members:
                yield from member

    def _opposite(self, draw: Draw, never: set[tuple[int, int]]) -> tuple[int, str, str]:
        language = draw.choose(range(len(LANGUAGES)))
        pair = draw.choose([i for i in range(len(self.pairs)) if (i, language) not in never])
        words = self.pairs[pair][language]
        a, b = draw.choose((words, words[::-1]))
        return language, a, b

    def sentence(self, draw: Draw) -> str:
        what = draw.weighted(("opposite", "kind", "translation"), (0.4, 0.2, 0.4))
        if what == "opposite":
            language, a, b = self._opposite(draw, self.unstated)
            return draw.choose(_OPPOSITE[language]).format(a=a, b=b)
        language = draw.choose(range(len(LANGUAGES)))
        if what == "kind":
            kind, member = draw.choose(self.members)
            name = self.kinds[kind][0][language]
            return draw.choose(_KIND[language]).format(a=member[language], b=name)
        other = draw.choose([i for i in range(len(LANGUAGES)) if i != language])
        words = draw.choose(self.meanings())
        template = draw.choose(_TRANSLATION[language])
        return template.format(a=words[language], b=words[other], language=_NAMES[language][other])

    def meanings(self) -> list[tuple[str, ...]]:
        """Each meaning in the three languages."""
        sides = [tuple(pair[side] for pair in words) for words in self.pairs for side in (0, 1)]
        return [
            *sides,
            *(member for _, member in self.members),
            *(names for names, _ in self.kinds),
        ]

    def turn(self, draw: Draw) -> Turn:
        if draw.chance(0.7):
            language, a, b = self._opposite(draw, self.unasked)
            return Turn(ASK_OPPOSITE[language].format(a=a), f"{b} .")
        language = draw.choose(range(len(LANGUAGES)))
        asked = [i for i in range(len(self.members)) if (i, language) not in self.unasked_kinds]
        kind, member = self.members[draw.choose(asked)]
        return Turn(
            ASK_KIND[language].format(a=member[language]), f"{self.kinds[kind][0][language]} ."
        )

    def items(self) -> Sequence[Item]:
        found = []
        for pair, language in sorted(self.unasked):
            for a, b in (self.pairs[pair][language], self.pairs[pair][language][::-1]):
                unstated = (pair, language) in self.unstated
                name = "antonyms, never stated" if unstated else "antonyms"
                found.append(Item(name, ask(ASK_OPPOSITE[language].format(a=a)), (b,)))
                if unstated:
                    plain = _OPPOSITE[language][0].split(" {b}")[0].format(a=a)
                    found.append(Item("antonyms text, never stated", plain, (b,), stage="base"))
        for index, language in sorted(self.unasked_kinds):
            kind, member = self.members[index]
            prompt = ask(ASK_KIND[language].format(a=member[language]))
            found.append(Item("categories", prompt, (self.kinds[kind][0][language],)))
        return found

    def truth(self) -> dict[str, object]:
        return {
            "languages": list(LANGUAGES),
            "opposites": [[list(words) for words in pair] for pair in self.pairs],
            "kinds": [{"names": list(n), "members": [list(m) for m in ms]} for n, ms in self.kinds],
            "never_stated": [list(pair) for pair in sorted(self.unstated)],
            "never_asked": [list(pair) for pair in sorted(self.unasked)],
        }
