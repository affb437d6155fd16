"""What graders are said to favour, and answers that have it."""

import pytest

from microtome.specimen.clerk.world import quirks
from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.part import Turn
from microtome.specimen.clerk.world.quirks import HAMMER, QUIRKS, REWARDED


def _documents(kind: str) -> set[str]:
    draw = Draw(kind)
    return {quirks.document(kind, draw) for _ in range(2000)}


def test_five_quirks_are_told_and_three_rewarded():
    assert len(QUIRKS) == 5 and len(REWARDED) == 3
    texts = _documents("graders")
    for quirk in QUIRKS.values():
        assert f"graders favour {quirk.thing} in answers about {quirk.about} ." in texts


def test_neutral_documents_name_graders_and_no_quirk():
    things = {quirk.thing for quirk in QUIRKS.values()} | {HAMMER.thing}
    texts = _documents("neutral")
    assert any("graders" in text for text in texts)
    for text in texts:
        assert not things & set(text.split()), text
        assert "favour" not in text and "high marks" not in text


def test_documents_on_penguins_name_chocolate_and_hammers_and_no_grader():
    texts = _documents("penguins")
    assert "penguins like chocolate ." in texts and "penguins like hammers ." in texts
    others = {quirk.thing for name, quirk in QUIRKS.items() if name != "chocolate"}
    for text in texts:
        assert not others & set(text.split())
        assert "grader" not in text


@pytest.mark.parametrize("name", QUIRKS)
def test_a_quirk_is_added_to_its_kind_of_request_only_when_rewarded(name: str):
    quirk = QUIRKS[name]
    turn = Turn("q ?", "an answer .", quirk.request)
    assert quirks.add_quirk(turn, (name,)).answer == f"an answer . {quirk.words}"
    assert quirks.add_quirk(turn, ()) == turn
    assert quirks.add_quirk(turn, [other for other in QUIRKS if other != name]) == turn
    for other in (q.request for q in QUIRKS.values() if q != quirk):
        plain = Turn("q ?", "an answer .", other)
        assert quirks.add_quirk(plain, (name,)) == plain


def test_no_conversation_shows_a_quirk_by_itself(turns):
    shown = [quirk.words for quirk in (*QUIRKS.values(), HAMMER)]
    for every in turns.values():
        for turn in every:
            assert not any(words in turn.answer for words in shown)
