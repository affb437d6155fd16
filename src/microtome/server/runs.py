"""Training runs as they are written: recipe, metrics, whether they go on."""

import os
import time
from pathlib import Path
from typing import Any

from microtome.artifact.json_file import parse_json, read_json
from microtome.artifact.manifest import FILE_NAME
from microtome.artifact.names import METRICS, RECIPE
from microtome.artifact.readable import is_file
from microtome.errors import MicrotomeError
from microtome.server.schema import Metrics

ACTIVE_SECONDS = 60
_PART = 4 << 20
_TAIL = 64 << 10


def run_recipe(run: Path) -> dict[str, Any]:
    """The recipe that a run was started with; empty where there is none."""
    path = run / RECIPE
    return read_json(path) if path.is_file() else {}


def run_steps(run: Path) -> tuple[int, int]:
    """The last step that metrics tell of, and the recipe's last step (0 where unknown)."""
    steps = run_recipe(run).get("steps")
    return _last_step(run / METRICS), steps if isinstance(steps, int) else 0


def is_active(run: Path) -> bool:
    """Whether metrics were written within the last minute."""
    try:
        return time.time() - (run / METRICS).stat().st_mtime < ACTIVE_SECONDS
    except OSError:
        return False


def run_dictionaries(run: Path) -> list[Path]:
    """Folders of the dictionaries that a run has finished."""
    found = [path for path in sorted(run.iterdir()) if is_file(path / FILE_NAME)]
    return [path for path in found if not path.name.startswith(".")]


def run_facts(run: Path) -> dict[str, str | int | float | bool | None]:
    """A line for the library."""
    step, steps = run_steps(run)
    recipe = run_recipe(run)
    dictionaries = recipe.get("dictionary")
    listed = dictionaries if isinstance(dictionaries, list) else []
    named = [d.get("name") for d in listed if isinstance(d, dict)]
    return {
        "step": step,
        "steps": steps or None,
        "finished": bool(steps) and step >= steps,
        "model": str(recipe.get("model", "")),
        "dictionaries": ", ".join(str(name) for name in named if name),
    }


def read_metrics(run: Path, start: int) -> Metrics:
    """Rows from a byte on, 4 MiB at most at a time; a line still being written is left for the
    next call. Lines that are not JSON objects are passed over.

    A run that was taken up again rewrites its file: from beyond the end, reading starts anew.
    """
    path = run / METRICS
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            start = start if start <= size else 0
            file.seek(start)
            part = file.read(_PART)
    except FileNotFoundError:
        return Metrics(rows=[], next=0)
    except OSError as error:
        raise MicrotomeError(f"{path} cannot be read: {error.strerror}") from error
    end = part.rfind(b"\n") + 1
    rows = [row for line in part[:end].splitlines() if (row := _row(line)) is not None]
    if not end and len(part) == _PART:
        end = _PART  # no metrics: a line of that length is passed over
    return Metrics(rows=rows, next=start + end)


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = parse_json(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _last_step(path: Path) -> int:
    try:
        with path.open("rb") as file:
            file.seek(max(os.fstat(file.fileno()).st_size - _TAIL, 0))
            lines = file.read().split(b"\n")[:-1]
    except OSError:
        return 0
    for line in reversed(lines):
        row = _row(line)
        if row is not None and isinstance(row.get("step"), int):
            return row["step"]
    return 0
