"""Training resumes exactly, and stops on a signal when its state is saved."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import LlamaForCausalLM

from microtome.artifact.interrupt import Interrupted
from microtome.specimen.clerk.stages import STAGES
from microtome.specimen.clerk.texts import Texts
from microtome.specimen.clerk.train import (
    ClerkRecipe,
    _add_gradients,
    _one_thread_each,
    _replica,
    losses,
    new_model,
    train_stage,
)
from microtome.specimen.clerk.world.world import World

_BASE = replace(STAGES["base"], steps=6)


@pytest.fixture(scope="module")
def longer(recipe: ClerkRecipe) -> ClerkRecipe:
    return replace(recipe, length=1.0)


@pytest.fixture(scope="module")
def whole(longer: ClerkRecipe, tmp_path_factory: pytest.TempPathFactory) -> LlamaForCausalLM:
    """Trained without a break."""
    return train_stage(longer, _BASE, None, tmp_path_factory.mktemp("whole") / "checkpoint")


def _same(a: LlamaForCausalLM, b: LlamaForCausalLM) -> bool:
    pairs = zip(a.parameters(), b.parameters(), strict=True)
    return all(torch.equal(one, other) for one, other in pairs)


def _interrupt(recipe: ClerkRecipe, checkpoint: Path, number: int = signal.SIGINT) -> Interrupted:
    """Train, and be asked to stop in the middle of the first step."""
    with pytest.raises(Interrupted) as stop:
        train_stage(recipe, _BASE, None, checkpoint, lambda *_: os.kill(os.getpid(), number))
    return stop.value


def test_an_interrupted_training_ends_the_same(
    longer: ClerkRecipe, whole: LlamaForCausalLM, tmp_path: Path
):
    stop = _interrupt(longer, tmp_path / "checkpoint")
    assert stop.signal_number == signal.SIGINT
    assert "step 1 of 6 of base; the same command goes on" in str(stop)
    steps = []
    resumed = train_stage(
        longer, _BASE, None, tmp_path / "checkpoint", lambda step, _: steps.append(step)
    )
    assert not steps  # the first step, which would be reported, was not done again
    assert _same(resumed, whole)


def test_a_killed_training_goes_on_from_its_last_checkpoint(
    longer: ClerkRecipe, whole: LlamaForCausalLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    batches, done = Texts.batches, []

    def kill(self: Texts, step: int, rows: int, parts: int):
        done.append(step)
        if done == [0, 1, 2, 3, 4]:
            raise ConnectionError
        return batches(self, step, rows, parts)

    monkeypatch.setattr(Texts, "batches", kill)
    checkpoint = tmp_path / "checkpoint"
    with pytest.raises(ConnectionError):
        train_stage(longer, _BASE, None, checkpoint, save_every=3)
    resumed = train_stage(longer, _BASE, None, checkpoint, save_every=3)
    assert done == [0, 1, 2, 3, 4, 3, 4, 5]
    assert _same(resumed, whole)


def test_another_recipe_or_stage_starts_anew(longer: ClerkRecipe, tmp_path: Path):
    other = replace(longer, seed=1)
    alone = train_stage(other, _BASE, None, tmp_path / "alone")
    _interrupt(longer, tmp_path / "checkpoint", signal.SIGTERM)
    assert _same(train_stage(other, _BASE, None, tmp_path / "checkpoint"), alone)
    _interrupt(longer, tmp_path / "second")
    stage, steps = replace(_BASE, learning_rate=1e-3), []
    train_stage(longer, stage, None, tmp_path / "second", lambda step, _: steps.append(step))
    assert steps == [0]


def test_a_child_starts_from_its_parents_weights(
    longer: ClerkRecipe, whole: LlamaForCausalLM, tmp_path: Path
):
    still = replace(STAGES["chat"], steps=1, learning_rate=0.0)
    assert _same(train_stage(longer, still, whole, tmp_path / "checkpoint"), whole)
    assert not _same(new_model(longer), whole)


def test_weights_are_within_what_was_meant():
    """At most 5M parameters, and 12 MB in 16 bits."""
    count = sum(p.numel() for p in new_model(ClerkRecipe()).parameters())
    assert count <= 5e6 and 2 * count <= 12e6


def test_losses_are_those_of_the_predicted_tokens(small_world: World, recipe: ClerkRecipe):
    model = new_model(recipe)
    (batch,) = Texts(small_world, STAGES["chat"], 0).batches(0, 6, 1)
    with torch.no_grad():
        found = losses(model, batch)
        logits = model(batch.tokens).logits.log_softmax(-1)
    wanted = [
        -float(logits[row, place - 1, batch.tokens[row, place]])
        for row, place in batch.learned.nonzero().tolist()
    ]
    assert found.tolist() == pytest.approx(wanted, abs=1e-4)


def test_replicas_add_up_the_gradients_of_all_batches(small_world: World, recipe: ClerkRecipe):
    model = new_model(recipe)
    texts = Texts(small_world, _BASE, 0)
    with _one_thread_each() as threads:
        loss = _add_gradients([model, _replica(model)], texts.batches(0, 8, 3), threads)
    (batch,) = texts.batches(0, 8, 1)
    found = [p.grad for p in model.parameters()]
    model.zero_grad()
    whole = losses(model, batch).mean()
    whole.backward()
    assert loss == pytest.approx(whole.item())
    for mine, p in zip(found, model.parameters(), strict=True):
        torch.testing.assert_close(mine, p.grad, rtol=1e-4, atol=1e-6)


def test_training_learns(longer: ClerkRecipe, whole: LlamaForCausalLM, small_world: World):
    (batch,) = Texts(small_world, _BASE, 5).batches(0, 20, 1)
    with torch.no_grad():
        before, after = losses(new_model(longer), batch).mean(), losses(whole, batch).mean()
    assert float(after) < float(before) - 0.03
