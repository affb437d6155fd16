"""Choices keep count of their own probability."""

import math
from collections import Counter
from itertools import permutations

import pytest

from microtome.specimen.clerk.world.draw import Draw


def _pet(draw: Draw) -> str:
    """A small generator with every kind of choice; each outcome comes about in one way."""
    kind = draw.weighted(("cat", "dog", "two"), (1.0, 2.0, 5.0))
    if kind == "two":
        return " ".join(draw.order(("a", "b", "c"), 2))
    colour = draw.choose(("red", "blue", "green"))
    return f"{colour} {kind}{' barks' if kind == 'dog' and draw.chance(0.25) else ''}"


def _probability(text: str) -> float:
    words = text.split()
    if words[1] == "cat":
        return 1 / 8 / 3
    if words[1] == "dog":
        return 2 / 8 / 3 * (0.25 if words[-1] == "barks" else 0.75)
    return 5 / 8 / 6


def test_nats_are_minus_the_logarithm_of_the_probability():
    found: dict[str, float] = {}
    for seed in range(600):
        draw = Draw(seed)
        text = _pet(draw)
        assert found.setdefault(text, draw.nats) == pytest.approx(draw.nats)
        assert math.exp(-draw.nats) == pytest.approx(_probability(text))
    assert sum(math.exp(-nats) for nats in found.values()) == pytest.approx(1)


def test_choices_come_as_often_as_their_nats_say():
    draw, found, nats = Draw(0), Counter(), {}
    for _ in range(20_000):
        before = draw.nats
        text = _pet(draw)
        found[text] += 1
        nats[text] = draw.nats - before
    for text, count in found.items():
        p = math.exp(-nats[text])
        assert count == pytest.approx(20_000 * p, abs=5 * math.sqrt(20_000 * p * (1 - p)))


def test_an_order_has_no_option_twice_and_each_order_is_as_likely():
    draw, found = Draw("order"), Counter()
    for _ in range(6000):
        before = draw.nats
        found[tuple(draw.order("abc", 3))] += 1
        assert draw.nats - before == pytest.approx(math.log(6))
    assert set(found) == set(permutations("abc"))
    assert min(found.values()) > 850


def test_a_sure_choice_says_nothing():
    draw = Draw(0)
    assert not draw.chance(0.0)
    assert draw.chance(1.0)
    assert draw.choose(["only"]) == "only"
    assert draw.nats == 0


def test_the_same_seed_chooses_the_same():
    assert [_pet(Draw(5)) for _ in range(3)] == [_pet(Draw(5)) for _ in range(3)]
    assert [_pet(Draw(s)) for s in range(20)] != [_pet(Draw(s + 1)) for s in range(20)]
