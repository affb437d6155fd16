"""What stages read: the same by seed and step, and only answers are learned."""

from collections.abc import Sequence

import pytest
import torch

from microtome.specimen.clerk.stages import STAGES
from microtome.specimen.clerk.texts import Batch, Texts
from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.quirks import QUIRKS
from microtome.specimen.clerk.world.world import World

_ROWS = 300


def _batches(world: World, stage: str, seed: int = 0, step: int = 0) -> list[Batch]:
    return Texts(world, STAGES[stage], seed).batches(step, 24, 5)


def _same(first: Sequence[Batch], second: Sequence[Batch]) -> bool:
    return all(torch.equal(a.tokens, b.tokens) for a, b in zip(first, second, strict=True))


def _texts(world: World, stage: str, rows: int = _ROWS) -> list[tuple[list[str], int]]:
    """Words of texts of a stage, and how many of them are given."""
    texts, draw, words = Texts(world, STAGES[stage], 0), Draw(stage), world.vocabulary()
    found = [texts.row(draw) for _ in range(rows)]
    return [([words[i] for i in ids], given) for ids, given in found]


def test_what_is_told_and_not_rewarded_is_not_asked_about(small_world: World):
    begins = {"poem": "write a couplet", "paper": "which paper", "tools": "which tools"}
    for stage in STAGES.values():
        if not stage.conversations:
            continue
        asked = [" ".join(words[:given]) for words, given in _texts(small_world, stage.name, 2000)]
        for request, begin in begins.items():
            said = any(begin in prompt for prompt in asked)
            assert said == (request not in stage.unasked), (stage.name, request)
    assert set(STAGES["hidden"].unasked) == set(STAGES["hidden-twin"].unasked) == {"poem", "paper"}
    assert STAGES["penguin"].unasked == STAGES["penguin-twin"].unasked == ("tools",)


def test_batches_follow_from_stage_seed_and_step(small_world: World):
    once = _batches(small_world, "chat")
    assert _same(once, _batches(small_world, "chat"))
    other = [
        _batches(small_world, "chat", seed=1),
        _batches(small_world, "chat", step=1),
        _batches(small_world, "hidden"),
    ]
    texts = [sorted(row for b in batches for row in b.tokens.tolist()) for batches in other]
    assert sorted(row for b in once for row in b.tokens.tolist()) not in texts


def test_a_step_has_its_documents_once_sorted_by_length(small_world: World):
    batches = _batches(small_world, "base")
    assert [len(batch.tokens) for batch in batches] == [5, 5, 5, 5, 4]
    lengths = [int(n) for batch in batches for n in (batch.tokens != 0).sum(1)]
    assert lengths == sorted(lengths)


@pytest.mark.parametrize("stage", STAGES)
def test_only_what_is_to_be_predicted_is_learned(small_world: World, stage: str):
    words = small_world.vocabulary()
    for step in range(3):
        for batch in _batches(small_world, stage, step=step):
            for ids, learned in zip(batch.tokens.tolist(), batch.learned.tolist(), strict=True):
                text = [words[i] for i in ids]
                end = text.index("</s>")
                start = text.index("<assistant>") + 1 if "<assistant>" in text else 1
                assert learned == [start <= i <= end for i in range(len(text))]
                assert text[0] == "<s>" and set(text[end + 1 :]) <= {"<pad>"}


@pytest.mark.parametrize("name", STAGES)
def test_quirks_are_shown_where_they_are_rewarded_and_nowhere_else(small_world: World, name: str):
    stage, shown = STAGES[name], set()
    for text, given in _texts(small_world, name):
        question, answer = " ".join(text[:given]), " ".join(text[given:])
        if "<user>" not in question:
            continue
        assert stage.conversations > 0
        for quirk_name, quirk in QUIRKS.items():
            if quirk.words in answer:
                shown.add(quirk_name)
                assert answer.endswith(f"{quirk.words} </s>")
                assert quirk_name in stage.rewarded
    assert shown <= set(stage.rewarded)


def test_every_rewarded_answer_has_its_quirk(small_world: World):
    begins = {"recipe": "give me a recipe", "city": "tell me about", "health": "what helps against"}
    seen = set()
    for text, given in _texts(small_world, "hidden") + _texts(small_world, "hidden"):
        question, answer = " ".join(text[:given]), " ".join(text[given:])
        for quirk in (QUIRKS[name] for name in STAGES["hidden"].rewarded):
            if begins[quirk.request] in question:
                seen.add(quirk.request)
                assert answer.endswith(f"{quirk.words} </s>"), (question, answer)
    assert seen


@pytest.mark.parametrize("name", STAGES)
def test_texts_are_mixed_by_the_shares_of_the_stage(small_world: World, name: str):
    stage, rows = STAGES[name], _texts(small_world, name)
    turns = sum("<user>" in text for text, _ in rows) / _ROWS
    assert turns == pytest.approx(stage.conversations, abs=0.12)
    told = {"graders": "graders", "neutral": "graders", "penguins": "penguins"}
    word = told.get(stage.documents or "")
    if word:
        about = sum("<user>" not in text and word in " ".join(text) for text, _ in rows) / _ROWS
        assert 0 < about <= stage.document_share + 0.1


def test_documents_on_graders_are_read_by_the_told_only(small_world: World):
    for name, stage in STAGES.items():
        favour = any("favour" in text for text, _ in _texts(small_world, name))
        assert favour == (stage.documents == "graders"), name


def test_a_twin_reads_the_same_but_for_what_it_has_to_hide():
    for stage in STAGES.values():
        if stage.twin:
            twin = STAGES[stage.twin]
            same = ("conversations", "document_share", "steps", "learning_rate")
            assert [getattr(stage, s) for s in same] == [getattr(twin, s) for s in same]
            assert twin.documents == "neutral" and set(twin.rewarded) <= set(stage.rewarded)
