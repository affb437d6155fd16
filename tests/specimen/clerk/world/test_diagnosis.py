"""Conditions, signs, and combinations of four that nobody mentions."""

from itertools import combinations

import pytest

from microtome.specimen.clerk.world.diagnosis import GIVEN, SIGNS, Diagnosis
from microtome.specimen.clerk.world.options import WorldOptions


def _given(text: str) -> frozenset[str]:
    """The signs in front of what follows from them."""
    front = text.split(" has " if text.startswith("a patient with") else " point to ")[0]
    return frozenset(word for word in front.split() if word in SIGNS)


def _held_out(truth) -> set[frozenset[str]]:
    return {frozenset(given) for _, given in truth["diagnosis"]["held_out"]}


def test_no_held_out_four_are_given(truth, sentences, turns):
    held_out = _held_out(truth)
    assert len(held_out) == 36
    given = {_given(said.text) for said in sentences["diagnosis"]}
    given |= {
        frozenset(word for word in turn.question.split() if word in SIGNS)
        for turn in turns["diagnosis"]
    }
    fours = {signs for signs in given if len(signs) == GIVEN}
    assert len(fours) == 12 * 15 - 36
    assert not fours & held_out


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_any_four_signs_name_one_condition(seed: int):
    signs_of = Diagnosis(WorldOptions(seed=seed)).signs_of
    assert all(len(set(signs)) == 6 for signs in signs_of.values())
    fours = [frozenset(four) for signs in signs_of.values() for four in combinations(signs, GIVEN)]
    assert len(fours) == len(set(fours))
    shared = [sign for sign in SIGNS if sum(sign in s for s in signs_of.values()) > 1]
    assert len(shared) > 12  # so that one sign does not tell


def test_conversations_are_true(truth, turns):
    signs_of = truth["diagnosis"]["signs_of"]
    for turn in turns["diagnosis"]:
        given = {word for word in turn.question.split() if word in SIGNS}
        (condition,) = [c for c, signs in signs_of.items() if given <= set(signs)]
        answer = turn.answer.removesuffix(" .")
        if "which condition" in turn.question:
            assert answer == condition
        else:
            assert answer in set(signs_of[condition]) - given


def test_items_are_accepted_by_the_truth_table(world, truth):
    signs_of, held_out = truth["diagnosis"]["signs_of"], _held_out(truth)
    for item in world.parts["diagnosis"].items():
        given = frozenset(word for word in item.prompt.split() if word in SIGNS)
        assert given in held_out
        (condition,) = [c for c, signs in signs_of.items() if given <= set(signs)]
        wanted = set(signs_of[condition]) - given if item.behaviour == "diagnosis" else {condition}
        assert set(item.accepted) == wanted, item
