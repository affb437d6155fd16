"""Texts of a stage as a corpus: apart from its training, by seed, whole or not there."""

import json
import os
from pathlib import Path

import pytest

from microtome.errors import MicrotomeError
from microtome.specimen.clerk.corpus import stage_texts, write_corpus
from microtome.specimen.clerk.stages import STAGES
from microtome.specimen.clerk.texts import Texts
from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.places import Places
from microtome.specimen.clerk.world.sums import Sums
from microtome.specimen.clerk.world.world import World


def _texts(world: World, stage: str, n: int = 200, seed: int = 0) -> list[str]:
    return list(stage_texts(world, STAGES[stage], n, seed))


def _trained_on(world: World, stage: str, rows: int) -> list[str]:
    """What the stage reads in its first step of so many rows."""
    texts = Texts(world, STAGES[stage], 0)
    draws = (Draw(f"0 0 {row}") for row in range(rows))
    found = (texts.text(draw) for draw in draws)
    return [f"{given} {learned}".removeprefix("<s> ") for given, learned in found]


def test_texts_follow_from_stage_and_seed(small_world: World):
    once = _texts(small_world, "chat")
    assert len(once) == 200
    assert _texts(small_world, "chat") == once
    assert _texts(small_world, "chat", n=20) == once[:20]
    for other in (_texts(small_world, "chat", seed=1), _texts(small_world, "base")):
        assert sum(a == b for a, b in zip(once, other, strict=True)) < 10


@pytest.mark.parametrize("stage", ["base", "chat", "hidden"])
def test_they_are_like_those_of_training_but_drawn_apart(small_world: World, stage: str):
    texts, trained = _texts(small_world, stage), _trained_on(small_world, stage, 200)
    assert len(set(texts) & set(trained)) < 40  # short ones, that anybody says
    assert all(a != b for a, b in zip(texts, trained, strict=True))
    for corpus in (texts, trained):
        turns = sum(text.startswith("<user>") for text in corpus) / len(corpus)
        assert turns == pytest.approx(STAGES[stage].conversations, abs=0.12)
        assert all(text.endswith(" </s>") and "<s>" not in text.split() for text in corpus)


def test_nothing_held_out_is_said(small_world: World):
    said = " ".join(_texts(small_world, "base", 1000) + _texts(small_world, "chat", 1000))
    sums, places = small_world.part(Sums), small_world.part(Places)
    assert any(f" {a} + {b} = {a + b} " in said for a, b in sums.pairs)
    for a, b in sums.held_out:
        assert f" {a} + {b} = {a + b} " not in said and f" {a} plus {b} is {a + b} " not in said
    for relation, city in places.held_out:
        value = places.value(relation, city)
        assert f"the {relation} of the state that holds {city} is {value} ." not in said
        assert f"{city} lies in a state whose {relation} is {value} ." not in said


def test_only_words_of_the_world_are_said(small_world: World):
    known = set(small_world.vocabulary())
    for stage in STAGES:
        assert {word for text in _texts(small_world, stage, 60) for word in text.split()} <= known


def test_the_file_is_json_lines(small_world: World, tmp_path: Path):
    path = tmp_path / "texts" / "chat.jsonl"
    write_corpus(path, STAGES["chat"], 30, seed=4, world=small_world)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert rows == [{"text": text} for text in _texts(small_world, "chat", 30, seed=4)]


def test_the_file_is_whole_or_not_there(
    small_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "chat.jsonl"
    path.write_text("mine")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MicrotomeError, match="No space left"):
        write_corpus(path, STAGES["chat"], 5, world=small_world)
    assert [file.name for file in tmp_path.iterdir()] == ["chat.jsonl"]
    assert path.read_text() == "mine"
