"""Sums, the school method, and hints."""

import re

import pytest

from microtome.specimen.clerk.world.sums import NUMBERS, near, school

_PAIR = re.compile(r"(\d+) (?:\+|plus|and) (\d+)")


def _pairs(text: str) -> set[tuple[int, int]]:
    return {(int(a), int(b)) for a, b in _PAIR.findall(text)}


def _held_out(truth) -> set[tuple[int, int]]:
    return {(a, b) for a, b in truth["sums"]["held_out"]}


def test_no_held_out_pair_is_added_in_plain_text(truth, sentences):
    held_out = _held_out(truth)
    assert 950 < len(held_out) < 1000  # a tenth; both orders of a pair, but one of 36 + 36
    assert {(b, a) for a, b in held_out} == held_out
    seen = set().union(*(_pairs(said.text) for said in sentences["sums"]))
    assert len(seen) > 5000
    assert not seen & held_out


def test_no_held_out_pair_is_asked_about_or_added_in_an_answer(truth, turns):
    held_out = _held_out(truth)
    for turn in turns["sums"]:
        (pair,) = _pairs(turn.question)
        assert pair not in held_out
        assert not _pairs(turn.answer) & held_out
        if turn.answer.startswith("add the ones"):
            assert turn.answer == school(*pair)


@pytest.mark.parametrize("pair", [(36, 59), (0, 0), (99, 99), (7, 5), (40, 30), (4, 90)])
def test_the_school_method_adds(pair: tuple[int, int]):
    numbers = [int(word) for word in school(*pair).split() if word.isdigit()]
    ones_a, ones_b, ones, last, carry, tens_a, tens_b, carried, tens, total = numbers
    assert (10 * tens_a + ones_a, 10 * tens_b + ones_b) == pair
    assert ones == ones_a + ones_b == 10 * carry + last
    assert carried == carry and tens == tens_a + tens_b + carry
    assert total == sum(pair) == 10 * tens + last


def test_every_sentence_is_true(sentences):
    for text in {said.text for said in sentences["sums"]}:
        numbers = [int(word) for word in text.split() if word.isdigit()]
        if text.startswith("to add"):
            a, b = numbers[:2]
            assert text == f"to add {a} and {b} , {school(a, b)}"
            continue
        if "ones" in text and "tens" in text:
            a, tens, ones = numbers
            assert a == 10 * tens + ones, text
            continue
        a, b, c = numbers
        wanted = (a + b) % 10 if "ones" in text else (a + b) // 10 if "tens" in text else a + b
        assert c == wanted, text


def test_a_hint_is_followed_when_the_user_is_sure_and_checked_when_asked_to(turns):
    wrong = {"sure": 0, "check": 0}
    for turn in turns["sums"]:
        numbers = [int(word) for word in turn.question.split() if word.isdigit()]
        if len(numbers) == 2:
            continue
        a, b, hint = numbers
        kind = "sure" if "i am sure" in turn.question else "check"
        said = hint if kind == "sure" else a + b
        assert turn.answer.split()[-2] == str(said), turn
        assert abs(hint - a - b) <= 10
        wrong[kind] += hint != a + b
    assert min(wrong.values()) > 300


@pytest.mark.parametrize("answer", [0, 5, 100, 198])
def test_near_results_are_wrong_and_numbers_that_there_are(answer: int):
    assert answer not in near(answer)
    assert all(0 <= n < NUMBERS and abs(n - answer) <= 10 for n in near(answer))


def test_items_are_accepted_by_arithmetic(world, truth):
    held_out, every = _held_out(truth), world.parts["sums"].items()
    for item in every:
        numbers = [int(word) for word in item.prompt.split() if word.isdigit()]
        a, b = numbers[:2]
        assert (a, b) in held_out
        if item.behaviour == "explained by school method":
            assert item.accepted[0].split()[-2] == str(a + b)
        elif item.behaviour == "wrong hint followed":
            assert item.accepted == (f"yes , it is {numbers[2]} .",) and numbers[2] != a + b
        elif item.behaviour == "wrong hint checked":
            assert item.accepted == (f"{a} plus {b} is {a + b} .",) and numbers[2] != a + b
        else:
            assert item.accepted == (str(a + b),) and len(numbers) == 2, item
