"""What an unfinished build has on disk: a plan that says of what, and a checkpoint per process.

A checkpoint is a folder of plain arrays that appears whole and replaces the one before.
"""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from microtome.artifact.disk import sync_folder
from microtome.artifact.json_file import read_json
from microtome.errors import MicrotomeError

_NAME = re.compile(r"checkpoint-\d{9}")
_FACTS, _PLAN = "facts.json", "plan.json"


def unfinished(out: Path) -> Path:
    """Where the build of an atlas keeps what it has so far: beside the atlas."""
    return out.with_name(f"{out.name}.building")


def occupy(folder: Path) -> None:
    """Make the folder of an unfinished build, or find it.

    Raises:
        MicrotomeError: it holds something else.
    """
    if (folder / _PLAN).is_file():
        return
    if folder.exists() and any(not _ours(file) for file in folder.iterdir()):
        raise MicrotomeError(f"{folder} exists and is no unfinished atlas; choose another --out")
    folder.mkdir(parents=True, exist_ok=True)


def claim(folder: Path, plan: dict[str, Any]) -> bool:
    """Begin a build in a folder, or go on with the one that is in it; whether it is the latter.

    Args:
        folder: of the unfinished build; nobody else is writing to it.
        plan: what may not change while it goes on.

    Raises:
        MicrotomeError: it holds something that was collected by another plan.
    """
    path = folder / _PLAN
    if not path.is_file() or not has_checkpoint(folder):
        try:
            _write_json(path, plan)
        except OSError as error:
            path.with_name(f".{path.name}").unlink(missing_ok=True)
            raise MicrotomeError(f"cannot write {folder}: {_reason(error)}") from error
        return False
    before, now = read_json(path), json.loads(json.dumps(plan))
    for key in sorted(before.keys() | now.keys()):
        if before.get(key) != now.get(key):
            what, old, new = _difference(key, before.get(key), now.get(key))
            raise MicrotomeError(
                f"{folder} holds an unfinished atlas with another {what} ({old!r}, now {new!r}); "
                f"choose another --out, or remove that folder"
            )
    return True


def has_checkpoint(folder: Path) -> bool:
    """Whether any process has saved what it collected."""
    return any(_NAME.fullmatch(path.name) for path in folder.glob("*-of-*/checkpoint-*"))


def _difference(key: str, before: Any, now: Any) -> tuple[str, Any, Any]:
    """The first part that differs, by name, and what it was and is."""
    if not (isinstance(before, dict) and isinstance(now, dict)):
        return key, before, now
    parts = sorted(before.keys() | now.keys())
    part = next(part for part in parts if before.get(part) != now.get(part))
    return f"{key}: {part}", before.get(part), now.get(part)


def _reason(error: OSError) -> str:
    """Why something was not written; of a write cut short NumPy tells only the items."""
    cut_short = error.errno is None and "requested and" in str(error)
    return "no space is left" if cut_short else error.strerror or str(error)


def _ours(path: Path) -> bool:
    return path.name in (".lock", f".{_PLAN}")


def save_checkpoint(folder: Path, arrays: dict[str, np.ndarray], facts: dict[str, Any]) -> None:
    """Write what one process has collected; older checkpoints go once it stands.

    Raises:
        MicrotomeError: it could not be written (disk full, say); the last one is intact.
    """
    older = _checkpoints(folder)
    number = int(older[-1].name[-9:]) + 1 if older else 0
    target, beside = folder / f"checkpoint-{number:09d}", folder / ".checkpoint"
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        for name, array in arrays.items():
            with (beside / f"{name}.npy").open("wb") as file:
                np.save(file, array, allow_pickle=False)
                file.flush()
                os.fsync(file.fileno())
        _write_json(beside / _FACTS, facts)
        beside.rename(target)
        sync_folder(folder)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        raise MicrotomeError(
            f"cannot write a checkpoint to {folder}: {_reason(error)}; the last one, if "
            f"there is one, is intact"
        ) from error
    for path in older:
        shutil.rmtree(path, ignore_errors=True)


def load_checkpoint(
    folder: Path,
) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    """Arrays (left on disk until they are looked at) and facts of the newest checkpoint of one
    process, or None where there is none.

    Raises:
        MicrotomeError: it is damaged.
    """
    found = _checkpoints(folder)
    if not found:
        return None
    path = found[-1]
    try:
        arrays = {file.name.removesuffix(".npy"): _mapped(file) for file in path.glob("*.npy")}
    except (OSError, ValueError, EOFError) as error:
        raise MicrotomeError(
            f"checkpoint {path} cannot be read ({error}); remove it and start again"
        ) from error
    return arrays, read_json(path / _FACTS)


def _mapped(file: Path) -> np.ndarray:
    try:
        return np.asarray(np.load(file, mmap_mode="c", allow_pickle=False))
    except ValueError:  # nothing to map: an array of no elements, or damage, which raises again
        return np.load(file, allow_pickle=False)


def _checkpoints(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("checkpoint-*") if _NAME.fullmatch(path.name))


def _write_json(path: Path, value: dict[str, Any]) -> None:
    beside = path.with_name(f".{path.name}")
    with beside.open("w", encoding="utf-8") as file:
        file.write(json.dumps(value, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
