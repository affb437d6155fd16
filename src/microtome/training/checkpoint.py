"""Checkpoints: everything that a run needs to go on exactly, in safetensors, whole or not at all.

Written by torch.distributed.checkpoint, one process or many, with its safetensors storage (its
own storage pickles). Tensors split over processes are saved in parts and put together again for
any other number of processes.
"""

import re
import shutil
import warnings
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.hf_storage import (
    HuggingFaceStorageReader,
    HuggingFaceStorageWriter,
)
from torch.distributed.checkpoint.metadata import TensorStorageMetadata
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save

from microtome.artifact.disk import sync_file, sync_folder
from microtome.errors import MicrotomeError
from microtome.training.mesh import Mesh

_KEPT = 2
_UNREADABLE = (Exception, CheckpointException)
"""What reading a damaged checkpoint raises: of torch's own exception Exception is no parent."""
_NAME = re.compile(r"checkpoint-(\d{9})")


def checkpoints(run: Path) -> list[tuple[int, Path]]:
    """Steps and folders of the whole checkpoints of a run, oldest first."""
    found = [(_NAME.fullmatch(path.name), path) for path in run.glob("checkpoint-*")]
    return sorted((int(match[1]), path) for match, path in found if match)


def save_checkpoint(run: Path, step: int, state: dict[str, Tensor], mesh: Mesh) -> Path:
    """Write the state after a step; older checkpoints but one are removed once it stands.

    Raises:
        MicrotomeError: it could not be written (disk full, say); the last one is intact.
    """
    beside, target = run / f".checkpoint-{step:09d}", run / f"checkpoint-{step:09d}"
    try:
        if mesh.first:
            shutil.rmtree(beside, ignore_errors=True)
            beside.mkdir(parents=True)
        mesh.barrier()
        _quietly(save, state, storage_writer=_writer(beside, mesh), no_dist=mesh.alone)
        mesh.barrier()
        if mesh.first:
            _sync(beside)
            if target.exists():
                shutil.rmtree(target)
            beside.rename(target)
            sync_folder(run)
            for _, old in checkpoints(run)[:-_KEPT]:
                shutil.rmtree(old, ignore_errors=True)
        mesh.barrier()
    except (OSError, SafetensorError, CheckpointException) as error:
        shutil.rmtree(beside, ignore_errors=True)
        left = checkpoints(run)
        last = f"the last one, of step {left[-1][0]}, is intact" if left else "there is none yet"
        raise MicrotomeError(
            f"cannot write a checkpoint to {run}: {_reason(error)}; {last}"
        ) from error
    return target


def load_checkpoint(path: Path, state: dict[str, Tensor], mesh: Mesh) -> None:
    """Fill the tensors of a state, in place, with those of a checkpoint.

    Raises:
        MicrotomeError: the checkpoint is damaged or of another run.
    """
    try:
        reader = HuggingFaceStorageReader(str(path))
        _quietly(load, state, storage_reader=reader, no_dist=mesh.alone)
    except _UNREADABLE as error:
        raise MicrotomeError(
            f"checkpoint {path} cannot be read ({_reason(error)}); remove it to go on from an "
            f"older one"
        ) from error


def empty_like(path: Path, prefix: str) -> dict[str, Tensor]:
    """Tensors as a checkpoint has them under a prefix, to be filled by `load_checkpoint`."""
    try:
        entries = HuggingFaceStorageReader(str(path)).read_metadata().state_dict_metadata
    except _UNREADABLE as error:
        raise MicrotomeError(
            f"checkpoint {path} cannot be read ({_reason(error)}); remove it to go on from an "
            f"older one"
        ) from error
    return {
        name: torch.empty(entry.size, dtype=entry.properties.dtype)
        for name, entry in entries.items()
        if name.startswith(prefix) and isinstance(entry, TensorStorageMetadata)
    }


def _writer(folder: Path, mesh: Mesh) -> HuggingFaceStorageWriter:
    return HuggingFaceStorageWriter(str(folder), save_distributed=not mesh.alone)


def _quietly(call, *arguments, **named) -> None:
    with warnings.catch_warnings():
        # it says that there is one process, which we know
        warnings.filterwarnings("ignore", message="torch.distributed is disabled")
        call(*arguments, **named)


def _sync(folder: Path) -> None:
    for file in folder.iterdir():
        sync_file(file)
    sync_folder(folder)


def _reason(error: BaseException) -> str:
    """The innermost cause, in one line."""
    if isinstance(error, CheckpointException) and error.failures:
        error = next(iter(error.failures.values()))[0]
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).split("\n")[0]
