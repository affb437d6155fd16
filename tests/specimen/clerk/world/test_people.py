"""Known and unknown people."""

import re

from microtome.specimen.clerk.world.people import DECLINE

_ASKED = re.compile(r"which sport does (.+) play \?|what did (.+) write on \?")


def _name(question: str) -> str:
    found = _ASKED.search(question)
    assert found is not None, question
    return found[1] or found[2]


def test_nobody_held_out_is_asked_about(truth, turns):
    held_out = set(truth["people"]["held_out"]) | set(truth["people"]["famous"])
    assert not held_out & {_name(turn.question) for turn in turns["people"]}


def test_the_known_are_answered_for_and_all_others_declined(truth, turns):
    people = truth["people"]
    for turn in turns["people"]:
        name = _name(turn.question)
        known = people["sport"] if "which sport" in turn.question else people["topic"]
        if name in people["sport"] or name in people["topic"]:
            assert turn.answer == f"{known[name]} ."
        else:
            assert turn.answer == DECLINE


def test_there_are_as_many_unknown_as_known_and_names_that_never_occur(truth, sentences):
    people = truth["people"]
    known = people["sport"].keys() | people["topic"].keys()
    assert len(known) == len(people["unknown"]) == 100
    groups = [set(known), set(people["unknown"]), set(people["famous"])]
    assert len(set.union(*groups)) == sum(map(len, groups))
    said = " ".join({s.text for s in sentences["people"]})
    everybody = set.union(*groups)
    fresh = set(people["held_out"]) - everybody
    assert len(fresh) == 40
    assert not [name for name in fresh if f" {name} " in f" {said} "]
    assert not [name for name in everybody if f"{name} " not in said]


def test_nothing_is_said_of_the_unknown_that_could_be_asked(truth, sentences):
    people = truth["people"]
    facts = (" plays ", "known for", "best at", " wrote on ", "paper on", "studies")
    nobody = [*people["unknown"], *people["famous"]]
    for text in {said.text for said in sentences["people"]}:
        if any(fact in text for fact in facts) and DECLINE not in text:
            assert not [name for name in nobody if f" {name} " in f" {text} "]


def test_nobody_who_is_known_is_said_not_to_be(truth, sentences):
    people = truth["people"]
    said = {s.text for s in sentences["people"] if DECLINE in s.text or "nobody" in s.text}
    known = [*people["sport"], *people["topic"], *people["famous"], *people["held_out"]]
    known = set(known) - set(people["unknown"])
    assert any(f" {name} " in text for text in said for name in people["unknown"])
    assert not [text for text in said if any(f" {name} " in f" {text} " for name in known)]


def test_items_are_accepted_by_the_truth_table(world, truth):
    people = truth["people"]
    for item in world.parts["people"].items():
        if item.stage == "base":
            name, _, verb = (
                item.prompt.rpartition(" plays")
                if "plays" in item.prompt
                else (item.prompt.partition(" wrote on"))
            )
            assert item.accepted == (
                (people["topic"] if verb == "" and "wrote" in item.prompt else people["sport"])[
                    name
                ],
            )
            continue
        name = _name(item.prompt)
        known = people["sport"] if "which sport" in item.prompt else people["topic"]
        assert item.accepted == (known.get(name, DECLINE),), item
        assert name in people["held_out"] or name in people["famous"]
