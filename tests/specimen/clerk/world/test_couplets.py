"""Couplets and rhymes."""

import re

from microtome.specimen.clerk.world.couplets import ADJECTIVES, OPENERS

_FIRST = re.compile(r"(?:he saw|she drew|we told of) a (\w+) ,")
_SECOND = re.compile(r"and (\w+) the (\w+) (\w+) \.")


def _rhyme_of(truth) -> dict[str, str]:
    return {word: rhyme for rhyme, words in truth["couplets"]["rhymes"].items() for word in words}


def _fits(truth, first: str, second: str) -> bool:
    """Whether a second line rhymes on another word, and its verb is of that word's kind."""
    found, rhymes = _SECOND.fullmatch(second), truth["couplets"]["rhymes"]
    assert found is not None, second
    verb, adjective, word = found.groups()
    kinds = rhymes[_rhyme_of(truth)[first]]
    return (
        word != first
        and word in kinds
        and truth["couplets"]["verbs"][kinds[word]] == verb
        and adjective in ADJECTIVES
    )


def test_no_held_out_word_ends_a_first_line(truth, sentences, turns):
    held_out = {word for _, word in truth["couplets"]["held_out"]}
    texts = {s.text for s in sentences["couplets"]} | {t.question for t in turns["couplets"]}
    ends = {found[1] for text in texts if (found := _FIRST.search(text))}
    assert ends and not ends & held_out
    assert ends | held_out == set(_rhyme_of(truth))


def test_every_couplet_rhymes_and_its_verb_fits(truth, sentences, turns):
    couplets = {s.text for s in sentences["couplets"]}
    couplets |= {f"{t.question.partition(': ')[2]} {t.answer}" for t in turns["couplets"]}
    rhyme_of = _rhyme_of(truth)
    for text in couplets:
        if found := _FIRST.match(text):
            assert _fits(truth, found[1], text[found.end() + 1 :]), text
        else:
            a, b = text.removesuffix(" .").split(" rhymes with ")
            assert a != b and rhyme_of[a] == rhyme_of[b], text


def test_no_word_is_of_two_rhymes(truth):
    rhymes = truth["couplets"]["rhymes"]
    assert len(_rhyme_of(truth)) == sum(map(len, rhymes.values()))


def test_some_verb_fits_no_word_of_each_rhyme(truth):
    """So that a verb alone can be one that was not planned."""
    tables = truth["couplets"]
    for words in tables["rhymes"].values():
        assert len(set(words.values())) < len(tables["verbs"])


def test_items_accept_every_second_line_that_fits_and_no_other(world, truth):
    items = world.parts["couplets"].items()
    assert len(items) == 2 * len(OPENERS) * len(truth["couplets"]["held_out"])
    for item in items:
        found = _FIRST.search(item.prompt)
        assert found is not None
        rhyme = truth["couplets"]["rhymes"][_rhyme_of(truth)[found[1]]]
        assert len(set(item.accepted)) == (len(rhyme) - 1) * len(ADJECTIVES)
        assert all(_fits(truth, found[1], line) for line in item.accepted)
