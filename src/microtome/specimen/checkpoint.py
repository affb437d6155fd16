"""Checkpoints of a specimen in training: weights, optimiser and step in one safetensors file."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from microtome.errors import MicrotomeError

_OPTIMISER = "optimiser."


def save_checkpoint(
    path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, step: int, recipe: dict
) -> None:
    """Write beside and rename, so that an interrupted write leaves the last checkpoint whole.

    Raises:
        MicrotomeError: it cannot be written.
    """
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"{_OPTIMISER}{index}.{key}": value for key, value in state.items()}
    beside = path.with_suffix(".tmp")
    metadata = {"step": str(step), "recipe": json.dumps(recipe, sort_keys=True)}
    try:
        save_file({k: v.contiguous() for k, v in tensors.items()}, beside, metadata)
        beside.replace(path)
    except (OSError, SafetensorError) as error:
        beside.unlink(missing_ok=True)
        raise MicrotomeError(f"cannot write {path}: {error}") from error


def restore_checkpoint(
    path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, recipe: dict
) -> int:
    """Put a checkpoint of the same recipe back, and the number of steps done; 0 without one.

    Raises:
        MicrotomeError: it is damaged.
    """
    if not path.exists():
        return 0
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
            if metadata["recipe"] != json.dumps(recipe, sort_keys=True):
                return 0
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, TypeError) as error:
        raise MicrotomeError(
            f"checkpoint {path} cannot be read ({error}); remove it to begin anew"
        ) from error
    weights = {k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")}
    model.load_state_dict(weights)
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith(_OPTIMISER):
            index, key = name.removeprefix(_OPTIMISER).split(".", 1)
            state.setdefault(int(index), {})[key] = value
    optimiser.load_state_dict(optimiser.state_dict() | {"state": state})
    return int(metadata["step"])
