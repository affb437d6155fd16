"""Words of labels and of searches for them: `sums`, `ending` and `ends` mean `sum`, `end`, `end`.

English inflections of regular words only, and no dictionary: a label is short, and a search that
finds a word too many shows it behind those that have what was typed.
"""

import re
from functools import lru_cache

_WORD = re.compile(r"\w+")
_ENDINGS = "(?:ings?|ied|ed|ies|es|s|e|y)"
_INFLECTED = re.compile(rf"([a-z]*?[aeiouy][a-z]*?){_ENDINGS}")
_LEAST = 3
"""Letters of a stem: `ring` and `this` are not inflected."""
_DOUBLED = re.compile(r"(.*([bgmnpt])\2)(?:ings?|ed)")
_KEEPS_S = re.compile(r".*(?:ss|us|is)")


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """A word in small letters without its English ending; what is no such word stays."""
    match = _INFLECTED.fullmatch(word)
    if not match or _KEEPS_S.fullmatch(word):
        return word
    found = match[1][:-1] if _DOUBLED.fullmatch(word) else match[1]
    return found if len(found) >= _LEAST else word


def stemmed(text: str) -> str:
    """A text in small letters with single spaces, its words by their stems."""
    return _WORD.sub(lambda match: stem(match[0]), " ".join(text.lower().split()))


def pattern(word: str) -> str:
    """Regular expression, for small and capital letters alike, of what a searched word is in:
    what has it anywhere in it, and what has another inflection of it as a word."""
    literal, found = re.escape(word), stem(word.lower())
    if not re.fullmatch("[a-z]+", found) or len(found) < _LEAST:
        return literal
    return rf"{literal}|\b{found}{found[-1]}?{_ENDINGS}?\b"


def label_rank(text: str, label: str, score: float | None) -> tuple:
    """Smaller is better: the whole label, its beginning, the phrase in it, then its words; words
    as a whole before parts of words; among equals, of the label that is the better rule."""
    phrase, found = stemmed(text), stemmed(label)
    place = found.find(phrase)
    if found == phrase:
        kind = 0
    elif place == 0:
        kind = 1
    else:
        kind = 2 if place > 0 else 3
    partly = label.lower().startswith("partly ")
    whole = set(_WORD.findall(found))
    parts = sum(word not in whole for word in _WORD.findall(phrase))
    known = 0.0 if score is None or score != score else score
    return partly, parts, kind, -known
