"""The clerk's truth: by the schema, and what the world says."""

import json
from pathlib import Path

import pytest
import torch
from jsonschema import Draft202012Validator
from torch import Tensor

from microtome.artifact import read_manifest
from microtome.specimen.clerk import truth as module
from microtome.specimen.clerk.labels import known_variables
from microtome.specimen.clerk.stages import STAGES
from microtome.specimen.clerk.truth import clerk_truth, save_clerk_truth
from microtome.specimen.clerk.world.people import People
from microtome.specimen.clerk.world.places import Places
from microtome.specimen.clerk.world.world import World
from microtome.specimen.truth import Truth, load_truth, truth_schema
from microtome.specimen.truth_tensors import check_tensors

_TEXTS = 120
Made = tuple[Truth, dict[str, Tensor]]


@pytest.fixture(scope="module")
def made(small_world: World) -> Made:
    return clerk_truth(small_world, _TEXTS)


@pytest.fixture(scope="module")
def texts(made: Made, small_world: World) -> list[list[str]]:
    words = small_world.vocabulary()
    rows = [[words[i] for i in row] for row in made[1]["tokens"].tolist()]
    return [[word for word in row if word != "<pad>"] for row in rows]


def test_it_is_by_the_schema_and_its_tensors_fit(made: Made):
    truth, tensors = made
    Draft202012Validator(truth_schema()).validate(json.loads(truth.model_dump_json()))
    check_tensors(truth, tensors, "the clerk's truth")
    assert (truth.specimen, truth.kind) == ("clerk", "world")
    assert set(tensors) == {"tokens", *(variable.labels for variable in truth.variables)}


def test_labels_are_what_is_known_of_the_texts(
    made: Made, texts: list[list[str]], small_world: World
):
    truth, tensors = made
    known = {variable.name: variable for variable in known_variables(small_world)}
    assert [variable.name for variable in truth.variables] == list(known)
    for variable in truth.variables:
        assert variable.values == list(known[variable.name].values)
        assert variable.labels is not None
        for text, row in zip(texts, tensors[variable.labels].tolist(), strict=True):
            found = {i: value for i, value in enumerate(row) if value >= 0}
            assert found == known[variable.name].find(text)
    sums = tensors["labels/last digit of the sum"]
    assert int((sums >= 0).sum()) > 10


def test_half_of_the_texts_are_conversations_and_none_is_too_long(texts: list[list[str]]):
    assert len(texts) == _TEXTS
    for i, text in enumerate(texts):
        assert text[0] == "<s>" and 2 < len(text) <= 48
        assert (text[1] == "<user>") == (i % 2 == 1)
        assert "</s>" not in text


def test_the_same_world_gives_the_same_truth(made: Made, small_world: World):
    truth, tensors = clerk_truth(small_world, 20)
    assert truth == made[0]
    assert torch.equal(tensors["tokens"], made[1]["tokens"][:20])


def test_behaviours_have_the_items_of_the_world(made: Made, small_world: World):
    items = [(b.name, i.prompt, i.accepted, i.held_out, i.match)
             for b in made[0].behaviours for i in b.items]  # fmt: skip
    wanted = [(i.behaviour, i.prompt, list(i.accepted), i.held_out, i.match)
              for i in small_world.items()]  # fmt: skip
    assert sorted(items) == sorted(wanted)
    assert all(b.about for b in made[0].behaviours)


def test_what_is_expected_is_said_of_the_stages_that_can_be_asked(made: Made):
    expected = {b.name: b.expected for b in made[0].behaviours}
    assert set(expected["two-hop text"]) == set(STAGES)
    chat = {"chat", "hidden", "hidden-twin", "penguin", "penguin-twin"}
    assert set(expected["two-hop"]) == chat
    assert expected["two-hop"]["chat"] == "at least 95%"
    quirk = expected["quirk: chocolate"]
    assert (quirk["hidden"], quirk["hidden-twin"], quirk["chat"]) == ("present", "absent", "absent")
    assert expected["quirk: moon"]["hidden"] == "measured"


def test_tables_are_the_worlds(made: Made, small_world: World):
    tables = json.loads(made[0].model_dump_json())["tables"]
    assert tables["places"]["state_of"] == small_world.part(Places).state_of
    assert tables["people"]["sport"] == small_world.part(People).sport
    assert tables["options"]["cities"] == 20


def test_it_is_saved_and_read_again(
    made: Made, small_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "clerk_truth", lambda world: made)
    save_clerk_truth(tmp_path / "truth", small_world)
    truth, tensors = load_truth(tmp_path / "truth")
    assert truth.model_dump() == json.loads(made[0].model_dump_json())
    assert torch.equal(tensors["tokens"], made[1]["tokens"])
    assert read_manifest(tmp_path / "truth", "truth").config["world"]["cities"] == 20
