"""Metrics of a run: JSON lines always, TensorBoard and Weights & Biases where wanted."""

import json
from pathlib import Path
from typing import Any

from microtome.artifact.names import METRICS
from microtome.errors import MicrotomeError
from microtome.training.recipe import Recipe


class MetricsLog:
    """Appends one line a report to `metrics.jsonl`, and the same numbers elsewhere.

    Lines after the step that a run goes on from are dropped, so that the file reads as if it had
    never been interrupted.
    """

    def __init__(self, run: Path, recipe: Recipe, after: int):
        self.path = run / METRICS
        self._keep_until(after)
        self._writers: list[Any] = []
        if recipe.tensorboard:
            self._writers.append(_TensorBoard(run / "tensorboard", after))
        if recipe.wandb:
            self._writers.append(_WandB(recipe, run))

    def write(self, line: dict[str, Any]) -> None:
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise MicrotomeError(
                f"cannot write {self.path}: {error.strerror}; the run goes on from its last "
                f"checkpoint when that is mended"
            ) from error
        for writer in self._writers:
            writer.write(line["step"], _flat(line))

    def close(self) -> None:
        for writer in self._writers:
            writer.close()

    def _keep_until(self, step: int) -> None:
        if not self.path.is_file():
            return
        lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        beside = self.path.with_name(f".{METRICS}")
        beside.write_text("".join(f"{line}\n" for line in lines if _until(line, step)), "utf-8")
        beside.replace(self.path)


def _until(line: str, step: int) -> bool:
    """Whether a line is whole, which that of a killed process need not be, and not after a step."""
    try:
        found = json.loads(line)
    except ValueError:
        return False
    return isinstance(found, dict) and isinstance(at := found.get("step"), int) and at <= step


class _TensorBoard:
    def __init__(self, folder: Path, after: int):
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(folder), purge_step=after + 1)

    def write(self, step: int, figures: dict[str, float]) -> None:
        for name, value in figures.items():
            self.writer.add_scalar(name, value, step)

    def close(self) -> None:
        self.writer.close()


class _WandB:
    def __init__(self, recipe: Recipe, run: Path):
        try:
            import wandb  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise MicrotomeError(
                "the recipe names a wandb project, but wandb is not installed; pip install "
                "'microtome[wandb]' or take the key out"
            ) from error
        self.run = wandb.init(
            project=recipe.wandb,
            name=run.name,
            id=run.resolve().name,
            config=recipe.model_dump(),
            resume="allow",
        )

    def write(self, step: int, figures: dict[str, float]) -> None:
        self.run.log(figures, step=step)

    def close(self) -> None:
        self.run.finish()


def _flat(line: dict[str, Any], prefix: str = "") -> dict[str, float]:
    flat = {}
    for key, value in line.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            flat |= _flat(value, f"{name}/")
        elif isinstance(value, int | float) and name != "step":
            flat[name] = float(value)
    return flat
