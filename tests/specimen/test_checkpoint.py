"""Checkpoints of specimens in training."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from microtome.errors import MicrotomeError
from microtome.specimen.checkpoint import restore_checkpoint, save_checkpoint

_RECIPE = {"seed": 0, "world": {"cities": 60}}


def _trained(steps: int) -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    optimiser = torch.optim.AdamW(model.parameters(), 0.1, fused=True)
    for _ in range(steps):
        _step(model, optimiser)
    return model, optimiser


def _step(model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    model(torch.ones(5, 3)).square().sum().backward()
    optimiser.step()
    optimiser.zero_grad()


def test_weights_optimiser_and_step_come_back(tmp_path: Path):
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, *_trained(3), 3, _RECIPE)
    model, optimiser = _trained(0)
    assert restore_checkpoint(path, model, optimiser, dict(reversed(_RECIPE.items()))) == 3
    wanted, other = _trained(3)
    _step(model, optimiser)
    _step(wanted, other)
    for a, b in zip(model.parameters(), wanted.parameters(), strict=True):
        assert torch.equal(a, b)


def test_without_a_checkpoint_nothing_is_done(tmp_path: Path):
    model, optimiser = _trained(0)
    before = [p.clone() for p in model.parameters()]
    assert restore_checkpoint(tmp_path / "nothing", model, optimiser, _RECIPE) == 0
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


@pytest.mark.parametrize("other", [{"seed": 1, "world": {"cities": 60}}, {"seed": 0}, {}])
def test_that_of_another_recipe_is_left_alone(tmp_path: Path, other: dict):
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, *_trained(2), 2, _RECIPE)
    model, optimiser = _trained(0)
    before = [p.clone() for p in model.parameters()]
    assert restore_checkpoint(path, model, optimiser, other) == 0
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_an_interrupted_write_leaves_the_last_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, *_trained(2), 2, _RECIPE)

    def stop(tensors, beside: Path, metadata) -> None:
        beside.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr("microtome.specimen.checkpoint.save_file", stop)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(path, *_trained(3), 3, _RECIPE)
    assert restore_checkpoint(path, *_trained(0), _RECIPE) == 2


@pytest.mark.parametrize("damage", [b"", b"\xff" * 64])
def test_one_that_is_damaged_is_refused(tmp_path: Path, damage: bytes):
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(damage)
    with pytest.raises(MicrotomeError, match=r"cannot be read .*; remove it to begin anew"):
        restore_checkpoint(path, *_trained(0), _RECIPE)
    save_file({"other": torch.zeros(1)}, path)
    with pytest.raises(MicrotomeError, match="cannot be read"):
        restore_checkpoint(path, *_trained(0), _RECIPE)


def test_one_that_cannot_be_written_is_said(tmp_path: Path):
    with pytest.raises(MicrotomeError, match="cannot write"):
        save_checkpoint(tmp_path / "nowhere" / "checkpoint.safetensors", *_trained(1), 1, _RECIPE)


def test_checkpoints_hold_no_pickle(tmp_path: Path):
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, *_trained(1), 1, _RECIPE)
    assert path.read_bytes()[8:9] == b"{"
