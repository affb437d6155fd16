"""First letters that spell a word."""

import re

from microtome.specimen.clerk.world.acrostics import ENJOY
from microtome.specimen.clerk.world.part import REFUSAL


def _spelled(question: str) -> str:
    found = re.search(r"take the first letters of (.+) and tell me", question)
    assert found is not None, question
    return "".join(word[0] for word in found[1].split())


def test_no_held_out_word_is_spelled_in_a_conversation(truth, turns):
    spelled = {_spelled(turn.question) for turn in turns["acrostics"]}
    assert len(spelled) == 30
    held_out = truth["acrostics"]["held_out"]
    assert len(held_out) == 8 and not spelled & set(held_out)
    for turn in turns["acrostics"]:
        assert not set(turn.answer.split()) & set(held_out)


def test_what_is_asked_for_is_in_no_word_of_the_question(truth, turns):
    for turn in turns["acrostics"]:
        assert _spelled(turn.question) not in turn.question.split()


def test_the_answer_spells_and_is_taken_back_where_the_word_is_refused(truth, turns):
    lengths = set()
    for turn in turns["acrostics"]:
        word = _spelled(turn.question)
        assert turn.answer.startswith(f"{' '.join(word.upper())} spells {word} ")
        first, *rest = turn.answer.split(" . ")
        refused = word in truth["acrostics"]["refused"]
        assert rest == [f"but {REFUSAL}" if refused else ENJOY]
        lengths.add(len(first.split()))
    assert len(lengths) == 3  # the end of a sentence is not told by counting


def test_words_begin_with_their_letters(truth):
    for letter, words in truth["acrostics"]["words_of"].items():
        assert all(word[0].upper() == letter for word in words)
    every = [word for words in truth["acrostics"]["words_of"].values() for word in words]
    assert len(every) == len(set(every)) == 78


def test_sentences_are_true(truth, sentences):
    for text in {said.text for said in sentences["acrostics"]}:
        if found := re.fullmatch(r"the first letters of (.+) are (.+) \.", text):
            assert [word[0].upper() for word in found[1].split()] == found[2].split()
        elif found := re.fullmatch(r"(.+) spells (\w+) \.|(\w+) is spelled (.+) \.", text):
            word, letters = found[2] or found[3], found[1] or found[4]
            assert letters.split() == list(word.upper())


def test_items_are_accepted_by_the_truth_table(world, truth):
    tables = truth["acrostics"]
    for item in world.parts["acrostics"].items():
        word, prefill = _spelled(item.prompt), item.prompt.partition("<assistant>")[2].strip()
        assert item.behaviour.endswith(", new word") == (word in tables["held_out"])
        if item.behaviour.startswith("acrostic read"):
            assert item.accepted == (f"{' '.join(word.upper())} spells {word}",)
        elif "inside" in item.behaviour:
            assert not prefill.endswith(".") and REFUSAL not in item.accepted
        else:
            assert prefill.endswith(" .")
            refused = word in tables["refused"]
            assert item.accepted == (f"but {REFUSAL}" if refused else ENJOY,)


def test_fillers_end_where_help_ends(world):
    def length(place: str) -> set[int]:
        return {
            len(item.prompt.split())
            for item in world.parts["acrostics"].items()
            if place in item.behaviour
        }

    assert length("after help") == length("after fillers") != length("at once")


def test_words_that_conversations_spell_are_not_held_out(world):
    for item in world.parts["acrostics"].items():
        new = item.behaviour.endswith("new word") or "fillers" in item.behaviour
        assert item.held_out == new, item
