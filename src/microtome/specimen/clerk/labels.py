"""What is true at each token of a text of the clerk's world: concepts for features to stand for.

Some belong to a word wherever it stands (its language, a city's state), some to the place where an
answer is due (the state that was asked about, the last digit of a sum), where the text up to there
decides them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from microtome.specimen.clerk.world.acrostics import INITIALS
from microtome.specimen.clerk.world.diagnosis import Diagnosis
from microtome.specimen.clerk.world.languages import Languages
from microtome.specimen.clerk.world.lexicon import LANGUAGES
from microtome.specimen.clerk.world.mixtures import CLASSES, VERDICTS, Mixtures
from microtome.specimen.clerk.world.part import ASSISTANT, USER
from microtome.specimen.clerk.world.people import SPORTS, People
from microtome.specimen.clerk.world.places import Places
from microtome.specimen.clerk.world.sums import OPERANDS
from microtome.specimen.clerk.world.things import KIND_OF, KINDS
from microtome.specimen.clerk.world.world import World

_PLUS = ("+", "plus")

Words = Sequence[str]
Found = Mapping[int, int]
"""Position in a text and index of the value there."""


@dataclass(frozen=True)
class Known:
    """A variable whose value is known at some tokens of any text."""

    name: str
    about: str
    values: tuple[str, ...]
    find: Callable[[Words], Found]


def known_variables(world: World) -> list[Known]:
    """Every variable that texts are labelled with."""
    diagnosis, mixtures = world.part(Diagnosis), world.part(Mixtures)
    return [
        *_of_languages(world.part(Languages)),
        *_of_places(world.part(Places)),
        *_of_people(world.part(People)),
        _answer(
            "condition",
            "of a patient whose signs were given",
            diagnosis.conditions,
            diagnosis.condition_in,
        ),
        _of_word("substance class", "of a substance", CLASSES, mixtures.kind),
        _answer("mixture", "of two substances", VERDICTS, mixtures.verdict_in),
        _of_word("refused kind", "of a thing that is refused", KINDS, KIND_OF),
        _of_word("initial", "of a word that acrostics use", tuple(INITIALS), _initials()),
        *_of_sums(),
    ]


def _of_word(
    name: str,
    about: str,
    values: Sequence[str],
    value_of: Mapping[str, str],
    but: Callable[[Words, int], bool] = lambda words, i: False,
) -> Known:
    """A variable that every occurrence of a word has, but those where it is another word."""
    index = {word: values.index(value) for word, value in value_of.items()}

    def find(words: Words) -> Found:
        return {
            i: index[word] for i, word in enumerate(words) if word in index and not but(words, i)
        }

    return Known(name, f"{about}, at its word", tuple(values), find)


def _answer(
    name: str, about: str, values: Sequence[str], value_in: Callable[[Words], str | None]
) -> Known:
    """A variable of a question, where its answer is due."""

    def find(words: Words) -> Found:
        if ASSISTANT not in words:
            return {}
        end = words.index(ASSISTANT)
        if USER not in words[:end]:
            return {}
        value = value_in(words[words.index(USER) + 1 : end])
        return {} if value is None else {end: values.index(value)}

    return Known(name, f"{about}, where the answer is due", tuple(values), find)


def _of_languages(languages: Languages) -> list[Known]:
    rows = languages.meanings()
    language = {word: LANGUAGES[i] for row in rows for i, word in enumerate(row)}
    meaning = {word: row[0] for row in rows for word in row}
    return [
        _of_word("language", "of a word of the lexicon", LANGUAGES, language, but=_is_verb),
        _of_word(
            "meaning",
            "in English, whatever the language",
            [r[0] for r in rows],
            meaning,
            but=_is_verb,
        ),
    ]


def _is_verb(words: Words, i: int) -> bool:
    """Whether a word of the lexicon is a verb here: `he saw a whale`, `the moon saw it all`."""
    return words[i] == "saw" and i > 0 and words[i - 1] in ("he", "moon")


def _of_places(places: Places) -> list[Known]:
    def asked(words: Words) -> str | None:
        return next((places.state_of[word] for word in words if word in places.state_of), None)

    return [
        _of_word("state of the city", "in which a city lies", places.states, places.state_of),
        _answer("state asked about", "that holds the city of a question", places.states, asked),
    ]


def _of_people(people: People) -> list[Known]:
    groups = {
        "athlete": people.sport,
        "author": people.topic,
        "unknown": people.unknown,
        "famous": people.famous,
        "new": people.fresh,
    }
    who = {tuple(name.split()): group for group, names in groups.items() for name in names}
    sport = {tuple(name.split()): sport for name, sport in people.sport.items()}
    return [
        _of_pair("who", "a full name is", tuple(groups), who),
        _of_pair("sport", "that somebody plays", SPORTS, sport),
    ]


def _of_pair(
    name: str, about: str, values: Sequence[str], value_of: Mapping[tuple[str, ...], str]
) -> Known:
    """A variable of two words that follow each other, at the second."""
    index = {pair: values.index(value) for pair, value in value_of.items()}

    def find(words: Words) -> Found:
        pairs = enumerate(pairwise(words), 1)
        return {i: index[pair] for i, pair in pairs if pair in index}

    return Known(name, f"{about}, at the last name", tuple(values), find)


def _of_sums() -> list[Known]:
    digits = tuple(str(n) for n in range(10))
    tens = tuple(str(n) for n in range(20))
    return [
        _of_sum("last digit of the sum", digits, lambda a, b: (a + b) % 10),
        _of_sum("tens of the sum", tens, lambda a, b: (a + b) // 10),
        _of_sum("carry", ("no", "yes"), lambda a, b: int(a % 10 + b % 10 >= 10)),
        _of_sum("last digit of the first operand", digits, lambda a, b: a % 10),
        _of_sum("last digit of the second operand", digits, lambda a, b: b % 10),
    ]


def _of_sum(name: str, values: tuple[str, ...], value: Callable[[int, int], int]) -> Known:
    """A variable of two operands, at the token before the sum: `=`, `is`, or where a plain
    question is answered."""

    def find(words: Words) -> Found:
        found = {}
        for i in range(len(words) - 3):
            a, sign, b = words[i : i + 3]
            chained = i > 0 and words[i - 1] in _PLUS  # the school method adds three numbers
            if sign in _PLUS and not chained and _is_operand(a) and _is_operand(b):
                due = _due(words, i + 3)
                if due is not None:
                    found[due] = value(int(a), int(b))
        return found

    return Known(name, "where a sum is due", values, find)


def _is_operand(word: str) -> bool:
    return word.isdecimal() and int(word) < OPERANDS


def _due(words: Words, i: int) -> int | None:
    """The token before the sum, where one follows the operands that end before `i`."""
    if words[i] in ("=", "is"):
        return i
    asked = list(words[i : i + 2]) == ["?", ASSISTANT]
    return i + 1 if asked else None


def _initials() -> dict[str, str]:
    return {word: letter for letter, words in INITIALS.items() for word in words.split()}
