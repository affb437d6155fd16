"""Words of searches: inflections mean the same, parts of words are found, phrases come first."""

import re

import pytest

from microtome.atlas.words import label_rank, pattern, stem


@pytest.mark.parametrize(
    "same",
    [
        "sum sums",
        "end ends ended ending endings",
        "carry carries carried",
        "run runs running",
        "double doubles doubled doubling",
        "minute minutes",
    ],
)
def test_inflections_have_one_stem(same: str):
    words = same.split()
    assert len({stem(word) for word in words}) == 1
    for searched in words:
        for word in words:
            assert re.search(pattern(searched), f"at {word.upper()}, here", re.IGNORECASE)


@pytest.mark.parametrize("word", ["this", "plus", "glass", "string", "in", "5", "bed", "Straße"])
def test_what_is_no_inflection_stays(word: str):
    assert stem(word) == word


def test_parts_of_words_are_found_but_not_those_of_stems():
    assert re.search(pattern("9"), "sum 95")
    assert re.search(pattern("oper"), "first operand 36")
    assert not re.search(pattern("ending"), "a bend")
    assert not re.search(pattern("sums"), "a summary")
    assert re.search(pattern("(a+"), "says (a+b")


def test_the_phrase_comes_before_its_words():
    labels = ["partly ends in 5", "in 5, ends", "sum ends in 5", "ends in 5, at", "ends in 5"]
    for phrase in ("ends in 5", "ENDING in  5"):
        found = sorted(labels, key=lambda label: label_rank(phrase, label, 0.5))
        assert found == labels[::-1]
    scored: list[tuple[str, float]] = [
        ("sum 190–195", 1.0),
        ("sum 95–116", 0.1),
        ("sum 2 or 95", 0.9),
    ]
    found = sorted(scored, key=lambda one: label_rank("sum 95", *one))
    assert [scored.index(one) for one in found] == [1, 2, 0]
    label = "sum ends in 5"
    unscored = label_rank("sums", label, None)
    assert label_rank("sums", label, float("nan")) == unscored > label_rank("sums", label, 0.9)
