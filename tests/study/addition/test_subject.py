"""Features at the answer's position, and answers when they are changed."""

import numpy as np
import pytest
import torch

from microtome.errors import MicrotomeError
from microtome.intervention import Features, Intervention, intervene
from microtome.specimen import load_dictionary, load_model
from microtome.specimen.adder import world
from microtome.study.addition.idle import idle_change
from microtome.study.addition.subject import Subject, numbers
from tests.circuit.dictionaries import tiny_dictionary
from tests.model.families import tiny_model

PAIRS = torch.tensor([[36, 59], [4, 7], [80, 88]])


@pytest.fixture(scope="module", params=["clt", "plt"])
def subject(request: pytest.FixtureRequest) -> Subject:
    dictionary = load_dictionary(f"specimen:adder/{request.param}")
    return Subject.of(load_model("specimen:adder", "cpu"), dictionary)


def test_columns_are_features_of_all_layers(subject: Subject):
    found = subject.activations(PAIRS, "equation")
    assert found.shape == (3, sum(subject.dictionary.n_features))
    codes = subject.hold(PAIRS[0], "equation").codes
    for layer, code in enumerate(codes):
        dense = code.dense()[-1]
        torch.testing.assert_close(found[0, subject.layer == layer], dense, rtol=1e-4, atol=1e-4)
    column = subject.column(torch.tensor([2]), torch.tensor([7]))
    assert (int(subject.layer[column]), int(subject.feature[column])) == (2, 7)


@pytest.mark.parametrize("task", world.TASKS)
def test_features_kept_as_they_are_change_no_answer(subject: Subject, task: str):
    now = subject.activations(PAIRS, task)
    plain = subject.plain_answers(PAIRS, task)
    for i, pair in enumerate(PAIRS):
        every = torch.ones(1, now.shape[1], dtype=torch.bool)
        answers = subject.answers(subject.hold(pair, task), every, now[i : i + 1], "live")
        assert answers.tolist() == [plain[i]]


def test_changes_are_those_of_interventions(subject: Subject):
    now = subject.activations(PAIRS[:1], "equation")[0]
    strongest = now.argsort(descending=True)[:6]
    keys = [(int(subject.layer[c]), int(subject.feature[c])) for c in strongest]
    baseline = subject.hold(PAIRS[0], "equation")
    changed = torch.zeros(1, len(now), dtype=torch.bool)
    changed[0, strongest] = True
    ours = subject.logits(baseline, changed, torch.zeros(1, len(now)), "live")
    ablate = Intervention(what=Features.of(*keys), how="ablate", positions=(-1,))
    theirs = intervene(baseline, [[ablate]]).logits[:, -1]
    torch.testing.assert_close(ours, theirs)
    assert not torch.allclose(ours[0], baseline.run.logits[0, -1], atol=0.1)


def test_idle_features_stand_in_for_those_that_change(subject: Subject):
    now = subject.activations(PAIRS[:1], "equation")[0]
    changed = torch.zeros(len(now), dtype=torch.bool)
    changed[now.argsort(descending=True)[:30]] = True
    values = torch.zeros_like(now)
    mask, new = idle_change(subject, now, changed, values, np.random.default_rng(0))
    assert not bool((now[mask] > 0).any())
    for layer in range(len(subject.dictionary.n_features)):
        here = subject.layer == layer
        was = sorted((values - now)[changed & here].tolist())
        assert sorted((new - now)[mask & here].tolist()) == pytest.approx(was)


def test_what_is_no_number_is_none():
    words = torch.tensor([0, world.number_token(0), world.number_token(198), 209])
    assert numbers(words).tolist() == [-1, 0, 198, -1]


def test_other_models_and_dictionaries_are_refused(subject: Subject):
    tiny = tiny_model("llama", torch.float32)
    with pytest.raises(MicrotomeError, match="is of the adder, whose vocabulary has"):
        Subject.of(tiny, tiny_dictionary(tiny, "clt"))
