"""Two-hop facts: what they lead to, and those that nobody says."""

import re

import pytest

from microtome.errors import MicrotomeError
from microtome.specimen.clerk.world.places import RELATIONS


def test_a_held_out_pair_is_never_said(truth, sentences, turns):
    places = truth["places"]
    value = {
        (relation, city): places[relation][places["state_of"][city]]
        for relation, city in places["held_out"]
    }
    held_out = {(city, value[relation, city]) for relation, city in value}
    texts = {said.text for said in sentences["places"]}
    texts |= {f"{turn.question} {turn.answer}" for turn in turns["places"]}
    cities, things = {city for city, _ in held_out}, {thing for _, thing in held_out}
    for text in texts:
        words = set(text.split())
        for city in words & cities:
            assert not held_out & {(city, thing) for thing in words & things}, text


def test_the_other_pairs_and_both_hops_of_each_are_said(truth, sentences):
    places, texts = truth["places"], {said.text for said in sentences["places"]}
    for relation, city in places["held_out"]:
        state = places["state_of"][city]
        assert f"{city} lies in {state} ." in texts
        assert f"the {relation} of {state} is {places[relation][state]} ." in texts
        others = [r for r in RELATIONS if r != relation]
        for other in others:  # a city lacks one of its four things at most
            thing = places[other][state]
            assert f"{city} lies in a state whose {other} is {thing} ." in texts


def test_a_fifth_of_the_questions_is_held_out_of_each_relation_as_many(truth):
    held_out = truth["places"]["held_out"]
    assert len(held_out) == pytest.approx(0.2 * 4 * len(truth["places"]["state_of"]), abs=1)
    for relation in RELATIONS:
        count = sum(r == relation for r, _ in held_out)
        assert count == pytest.approx(len(held_out) / 4, abs=1)


def test_a_state_has_things_of_its_own(truth):
    places = truth["places"]
    assert len(places["state_of"]) >= 60 and len(places["capital"]) >= 20
    for relation in RELATIONS:
        values = list(places[relation].values())
        assert len(values) == len(set(values))
    assert set(places["state_of"].values()) == set(places["capital"])


def test_items_are_accepted_by_the_truth_table(world, truth):
    places, checked = truth["places"], 0
    for item in world.parts["places"].items():
        found = re.search(r"(?:the|whose) (\w+) (?:of the state that holds (\w+))?", item.prompt)
        two = re.search(r"(\w+) lies in a state whose (\w+) is", item.prompt)
        if two:
            city, relation = two.groups()
        else:
            assert found is not None
            relation, city = found.groups()
        assert item.accepted == (places[relation][places["state_of"][city]],), item
        assert [relation, city] in places["held_out"]
        checked += 1
    assert checked == 3 * len(places["held_out"])


def test_too_few_cities_are_refused():
    from microtome.specimen.clerk.world.options import WorldOptions

    with pytest.raises(MicrotomeError, match="two or more a state"):
        WorldOptions(cities=40)
