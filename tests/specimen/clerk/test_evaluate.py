"""Continuations, what counts as right, and perplexity."""

import math

import pytest
import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from microtome.specimen.clerk.evaluate import (
    Rate,
    asked,
    continuations,
    measure_items,
    measure_perplexity,
    right,
)
from microtome.specimen.clerk.stages import STAGES
from microtome.specimen.clerk.tokenizer import build_tokenizer
from microtome.specimen.clerk.train import ClerkRecipe, new_model
from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.part import Item
from microtome.specimen.clerk.world.world import World


@pytest.fixture(scope="module")
def tokenizer(small_world: World) -> PreTrainedTokenizerFast:
    return build_tokenizer(small_world)


@pytest.fixture(scope="module")
def model(recipe: ClerkRecipe) -> LlamaForCausalLM:
    return new_model(recipe).eval()


def _ask_one(model, tokenizer, prompt: str, n: int) -> str:
    """The plain loop: the likeliest token, one at a time, from the whole text."""
    ids = tokenizer(prompt)["input_ids"]
    start = len(ids)
    for _ in range(n):
        with torch.no_grad():
            best = int(model(torch.tensor([ids])).logits[0, -1].argmax())
        if best == tokenizer.eos_token_id:
            break
        ids = [*ids, best]
    return tokenizer.decode(ids[start:])


def test_continuations_are_those_of_one_prompt_at_a_time(model, tokenizer, small_world: World):
    draw = Draw("prompts")
    prompts = [small_world.conversation(draw).prompt for _ in range(12)]
    assert len({len(prompt.split()) for prompt in prompts}) > 2
    wanted = [_ask_one(model, tokenizer, prompt, 6) for prompt in prompts]
    assert continuations(model, tokenizer, prompts, 6) == wanted
    assert len(set(wanted)) > 3


def test_continuations_end_where_the_model_ends_them(model, tokenizer, monkeypatch):
    ids = [tokenizer.convert_tokens_to_ids(word) for word in ("yes", "</s>", "moon", "moon")]
    monkeypatch.setattr(
        model, "generate", lambda tokens, **_: torch.cat([tokens, torch.tensor([ids])], 1)
    )
    assert continuations(model, tokenizer, ["give me a recipe"], 4) == ["yes"]


@pytest.mark.parametrize(
    ("match", "accepted", "continuation", "wanted"),
    [
        ("starts", ("flu",), "flu .", True),
        ("starts", ("flu",), "flu", True),
        ("starts", ("flu",), "fluid .", False),
        ("starts", ("flu",), "the flu .", False),
        ("starts", ("9",), "95 .", False),
        ("starts", ("take a and b .", "take b and a ."), "take b and a . add", True),
        ("starts", ("take a and b .",), "take a and", False),
        ("starts", ("flu",), "", False),
        ("contains", ("the moon",), "and saw the moon it all", True),
        ("contains", ("the moon",), "the moonlight", False),
        ("contains", ("the moon",), "bathe moon", False),
        ("contains", ("the moon",), "the moon", True),
    ],
)
def test_right_compares_whole_words(match, accepted: tuple, continuation: str, wanted: bool):
    assert right(Item("b", "p", accepted, match=match), continuation) == wanted


@pytest.mark.parametrize(
    ("hits", "items", "low", "high"),
    [(0, 10, 0.0, 0.277533), (10, 10, 0.722467, 1.0), (81, 263, 0.255275, 0.366207)],
)
def test_the_interval_is_wilsons(hits: int, items: int, low: float, high: float):
    """81 of 263: Newcombe 1998, "Two-sided confidence intervals for the single proportion"."""
    rate = Rate(hits, items)
    assert rate.share == hits / items
    assert rate.interval == pytest.approx((low, high), abs=1e-4)


def test_items_are_counted_by_behaviour(model, tokenizer, monkeypatch):
    answers = {"what is 1 plus 2 ?": "3 .", "what is 2 plus 2 ?": "5 .", "which sport": "golf ."}
    monkeypatch.setattr(
        "microtome.specimen.clerk.evaluate.continuations",
        lambda model, tokenizer, prompts, n: [answers[prompt] for prompt in prompts],
    )
    rates = measure_items(
        model,
        tokenizer,
        [
            Item("addition", "what is 1 plus 2 ?", ("3",)),
            Item("sports", "which sport", ("golf",), match="contains"),
            Item("addition", "what is 2 plus 2 ?", ("4",)),
        ],
    )
    assert rates == {"addition": Rate(1, 2), "sports": Rate(1, 1)}
    assert list(rates) == ["addition", "sports"]


def test_stages_of_plain_text_are_asked_no_question(small_world: World):
    every = small_world.items()
    plain = asked(STAGES["base"], every)
    assert plain and all(item.stage == "base" for item in plain)
    assert asked(STAGES["chat"], every) == list(every)


def test_a_model_that_knows_nothing_has_the_perplexity_of_the_vocabulary(
    recipe: ClerkRecipe, small_world: World
):
    model = new_model(recipe).eval()
    torch.nn.init.zeros_(model.lm_head.weight)
    found = measure_perplexity(model, small_world, 30)
    assert found.model == pytest.approx(len(small_world.vocabulary()), rel=1e-4)
    draw = Draw("held-out texts")
    made = [small_world.document(draw) for _ in range(30)]
    assert found.tokens == sum(len(text.text.split()) + 1 for text in made)
    nats = sum(text.nats for text in made)
    assert found.generator == pytest.approx(math.exp(nats / found.tokens), rel=1e-6)
    assert found.generator < 20 < found.model
