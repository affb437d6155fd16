"""A model on this machine answers by generating."""

import asyncio
from pathlib import Path

import pytest
import torch

from microtome.atlas.query import open_atlas
from microtome.errors import MicrotomeError
from microtome.explain import (
    AtlasSource,
    ExplainOptions,
    Local,
    active_features,
    explain_atlas,
    read_labels,
)
from microtome.explain.question import Question
from microtome.model import LanguageModel
from tests.explain.talker import talker
from tests.model.families import tiny_model

ASKED = Question("You answer.", "What is it?", 5)


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return talker()


def ask(local: Local, question: Question) -> str:
    return asyncio.run(local.answer(question))


def test_an_answer_is_what_the_model_generates_behind_the_question(model: LanguageModel):
    tokenizer = model.tokenizer
    assert tokenizer is not None
    text = "You answer.\n\nWhat is it?\n\nAnswer:"
    tokens = torch.tensor([tokenizer(text)["input_ids"]])
    expected = tokenizer.decode(model.generate(tokens, 5)[0, tokens.shape[1] :])
    assert ask(Local(model), ASKED) == expected != ""


def test_a_chat_template_is_used(model: LanguageModel, monkeypatch: pytest.MonkeyPatch):
    tokenizer = model.tokenizer
    assert tokenizer is not None
    template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
    monkeypatch.setattr(tokenizer, "chat_template", template)
    tokens = torch.tensor([tokenizer("<system>You answer.<user>What is it?")["input_ids"]])
    expected = tokenizer.decode(model.generate(tokens, 5)[0, tokens.shape[1] :])
    assert ask(Local(model), ASKED) == expected


def test_asked_again_it_says_something_else_but_always_the_same(model: LanguageModel):
    local = Local(model)
    again = [ask(local, Question("You answer.", "What is it?", 20, again=n)) for n in (0, 1, 2)]
    assert len(set(again)) == 3
    assert again[2] == ask(local, Question("You answer.", "What is it?", 20, again=2))


def test_what_does_not_fit_is_refused(model: LanguageModel):
    with pytest.raises(MicrotomeError, match=r"context of talker holds 4096.*--shown"):
        ask(Local(model), Question("x" * 5000, "y", 60))


def test_a_model_without_a_tokenizer_cannot_be_asked():
    with pytest.raises(MicrotomeError, match="no tokenizer"):
        Local(tiny_model("llama", torch.float32))


def test_a_random_model_explains_nothing_and_nothing_breaks(model: LanguageModel, atlas: Path):
    opened = open_atlas(atlas)
    options = ExplainOptions(explanation_tokens=8, verdict_tokens=8, asked_again=1)
    keys = active_features(opened)[:2]
    content = explain_atlas(atlas, AtlasSource(opened), keys, Local(model), options=options)
    assert content.features == 2
    assert content.explainer == f"talker ({model.fingerprint})"
    labels = read_labels(atlas.with_name("atlas-labels"))
    assert set(labels) == set(keys)
    for label in labels.values():
        assert label.detection is None  # no list of verdicts comes out of it
        assert label.problem
