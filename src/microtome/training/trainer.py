"""Training: any number of dictionaries, fed by one pass of data."""

import json
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from microtome.artifact import interrupt, locked
from microtome.artifact.json_file import read_json
from microtome.artifact.names import RECIPE
from microtome.data.batches import Batches
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.training.checkpoint import (
    checkpoints,
    empty_like,
    load_checkpoint,
    save_checkpoint,
)
from microtome.training.layout import layout
from microtome.training.learner import Figures, Learner
from microtome.training.mesh import ALONE, Mesh
from microtome.training.metrics import MetricsLog
from microtome.training.normalise import Scale, measure_scale
from microtome.training.recipe import Recipe

INPUTS = "inputs"
"""Key of the recipe's file that holds fingerprints of what the run is made from."""
_BESIDE = f".{RECIPE}"


@dataclass(frozen=True)
class Progress:
    """Where a run stands."""

    step: int
    steps: int
    tokens_per_second: float
    figures: dict[str, Figures]
    """By name of the dictionary."""


Report = Callable[[Progress], None]


class Interrupted(interrupt.Interrupted):
    """A signal asked the run to stop; its state is saved."""

    def __init__(self, step: int, signal_number: int, run: Path | None):
        super().__init__(f"interrupted at step {step}", signal_number)
        self.step, self.run = step, run


def train_on(
    batches: Batches,
    recipe: Recipe,
    n_layers: int,
    model: str = "",
    run: Path | None = None,
    report: Report | None = None,
    mesh: Mesh = ALONE,
    device: torch.device | str = "cpu",
    corpus: str = "",
) -> dict[str, Dictionary]:
    """Train every dictionary of a recipe.

    Args:
        batches: where activations come from, at least at the sites of all dictionaries.
        recipe: the whole configuration.
        n_layers: depth of the model, for recipes that say `layers = "all"`.
        model: fingerprint of the model, kept with the dictionaries.
        run: folder for checkpoints and metrics; a run that is there is continued. Without one
            nothing is written.
        report: called every `report_every` steps.
        mesh: the processes that train together.
        device: where to train.
        corpus: fingerprint of the corpus; a run goes on only with the corpus and the model that
            it was begun with.

    Returns:
        The dictionaries by name.

    Raises:
        MicrotomeError: another run in the folder, a loss that is not finite (the last good
            checkpoint stays), a checkpoint that cannot be written.
        Interrupted: after SIGINT or SIGTERM, when the state is saved.
    """
    inputs = {"model": model, "corpus": corpus}
    trainer = Trainer(batches, recipe, n_layers, run, mesh, device, inputs)
    with trainer:
        trainer.train(report)
    return {learner.recipe.name: learner.dictionary(model) for learner in trainer.learners}


class Trainer:
    """A run: learners, the data, and the files that it leaves."""

    def __init__(
        self,
        batches: Batches,
        recipe: Recipe,
        n_layers: int,
        run: Path | None = None,
        mesh: Mesh = ALONE,
        device: torch.device | str = "cpu",
        inputs: Mapping[str, str] | None = None,
    ):
        self.batches, self.recipe, self.run, self.mesh = batches, recipe, run, mesh
        self.device = torch.device(device)
        layouts = [layout(one, n_layers) for one in recipe.dictionary]
        self.sites = tuple(dict.fromkeys(site for one in layouts for site in one.sites))
        missing = sorted(set(self.sites) - set(batches.sites))
        if missing:
            raise MicrotomeError(
                f"the recipe needs activations at {missing[0]}, which the data does not have (it "
                f"has {', '.join(batches.sites)})"
            )
        self.scales = self._scales()
        self.learners = [
            Learner(recipe, one, sites, self.scales, mesh, device)
            for one, sites in zip(recipe.dictionary, layouts, strict=True)
        ]
        self.done = 0
        """Steps taken."""
        self.log: MetricsLog | None = None
        self._open_files = ExitStack()
        if run is not None:
            with ExitStack() as opened:
                self._open(run, inputs, opened)
                self._open_files = opened.pop_all()

    def __enter__(self) -> "Trainer":
        return self

    def __exit__(self, *_) -> None:
        self._open_files.close()

    def train(self, report: Report | None = None) -> None:
        """Go on until the recipe's last step."""
        since, at = time.perf_counter(), self.done
        with interrupt.interruptions() as asked:
            while self.done < self.recipe.steps:
                self.step()
                if self.done % self.recipe.report_every == 0 or self.done == self.recipe.steps:
                    now = time.perf_counter()
                    rate = (self.done - at) * self.recipe.batch_size / (now - since)
                    since, at = now, self.done
                    self._report(rate, report)
                stop = self.mesh.any_rank(bool(asked))
                last = self.done == self.recipe.steps
                if self.run and (stop or last or self.done % self.recipe.checkpoint_every == 0):
                    self.save()
                if stop and not last:
                    raise Interrupted(self.done, asked[0] if asked else signal.SIGTERM, self.run)

    def step(self) -> None:
        """One step of every dictionary on one batch."""
        batch = None
        if self.mesh.feature_rank == 0:
            batch = self.batches.next(self.recipe.batch_size // self.mesh.data_size)
        batch = self.mesh.broadcast_features(batch, self.sites)
        x = {site: self.scales[site].apply(batch[site].to(self.device)) for site in self.sites}
        for learner in self.learners:
            learner.step(self.done, x)
        self.done += 1

    def _scales(self) -> dict[str, Scale]:
        """Mean and size of every site, the same on all processes."""
        rows = self.batches.sample(self.recipe.scale_rows) if self.mesh.feature_rank == 0 else {}
        if rows and len(next(iter(rows.values()))) < 2:
            raise MicrotomeError("the data has fewer than two rows; give a longer corpus")
        scales = {site: measure_scale(rows[site]) for site in self.sites} if rows else {}
        return {site: s.to(self.device) for site, s in self.mesh.same_scales(scales).items()}

    def _report(self, rate: float, report: Report | None) -> None:
        figures = {learner.recipe.name: learner.figures() for learner in self.learners}
        if self.log:
            tokens = self.done * self.recipe.batch_size
            line = {"step": self.done, "tokens": tokens, "epoch": self.batches.epoch}
            speed = {"tokens_per_second": round(rate, 1)}
            self.log.write(line | speed | {name: asdict(f) for name, f in figures.items()})
        if report and self.mesh.first:
            report(Progress(self.done, self.recipe.steps, rate, figures))

    # -- files ---------------------------------------------------------------------------------

    def _open(self, run: Path, inputs: Mapping[str, str] | None, opened: ExitStack) -> None:
        """Begin a run folder, or go on with the run that is in it."""
        if self.mesh.first:
            claim(run, self.recipe, inputs)
            opened.enter_context(locked(run))
        self.mesh.barrier()
        found = checkpoints(run)
        if found:
            self._load(found[-1][1])
        if self.mesh.first:
            self.log = MetricsLog(run, self.recipe, self.done)
            opened.callback(self.log.close)

    def state(self) -> dict[str, Tensor]:
        """Everything that changes: the tensors themselves, but for the data's."""
        state: dict[str, Tensor] = {"step": torch.tensor(self.done)}
        for site, scale in self.scales.items():
            state |= {f"scale.{site}.mean": scale.mean, f"scale.{site}.size": scale.size}
        for learner in self.learners:
            state |= {f"{learner.recipe.name}/{k}": v for k, v in learner.state().items()}
        return state

    def save(self) -> None:
        """Write a checkpoint.

        Raises:
            MicrotomeError: a parameter is not finite, so the last checkpoint is left as it is; or
                the checkpoint cannot be written.
        """
        assert self.run is not None, "a run without a folder has no checkpoints"
        for learner in self.learners:
            learner.check_finite(self.done)
        state = self.state()
        if self.mesh.feature_rank == 0:
            prefix = self._data_prefix()
            state |= {prefix + name: tensor for name, tensor in self.batches.state().items()}
        save_checkpoint(self.run, self.done, state, self.mesh)

    def _load(self, path: Path) -> None:
        state = self.state()
        data = empty_like(path, self._data_prefix())
        load_checkpoint(path, state | data, self.mesh)
        self.done = int(state["step"])
        if data and self.mesh.feature_rank == 0:
            n = len(self._data_prefix())
            self.batches.restore({name[n:]: tensor for name, tensor in data.items()})

    def _data_prefix(self) -> str:
        """Data ranks have data of their own; with another number of them its order starts anew."""
        return f"data-{self.mesh.data_rank}-of-{self.mesh.data_size}/"


def check_run(run: Path, recipe: Recipe, inputs: Mapping[str, str] | None = None) -> bool:
    """Whether a folder holds a run of this recipe, begun by this version or an older one.

    Args:
        run: the folder, which need not exist.
        recipe: the whole configuration.
        inputs: fingerprints of what the run is made from, where they are known.

    Raises:
        MicrotomeError: it holds something else, or a run of another recipe or of other inputs.
    """
    path = run / RECIPE
    if not path.is_file():
        # a process killed at its very beginning leaves a recipe that is not in its place yet
        if run.exists() and any(file.name != _BESIDE for file in run.iterdir()):
            raise MicrotomeError(f"{run} exists and is not a training run; choose another --out")
        return False
    before, now = read_json(path), _identity(recipe)
    begun = before.pop(INPUTS, None)
    if isinstance(begun, dict):
        known = [key for key, value in (inputs or {}).items() if value and begun.get(key)]
        before[INPUTS] = {key: begun[key] for key in known}
        now[INPUTS] = {key: (inputs or {})[key] for key in known}
    for key, old, new in _differences(before, now):
        raise MicrotomeError(
            f"{run} holds a run with another {key} ({old!r}, now {new!r}); choose another --out, "
            f"or remove that folder"
        )
    return True


def claim(run: Path, recipe: Recipe, inputs: Mapping[str, str] | None = None) -> None:
    """Write the recipe into a new run folder; refuse a folder of another run, as `check_run`."""
    if check_run(run, recipe, inputs):
        return
    run.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_identity(recipe) | {INPUTS: dict(inputs or {})}, indent=1) + "\n"
    (run / _BESIDE).write_text(text, encoding="utf-8")
    (run / _BESIDE).rename(run / RECIPE)


def _differences(before: object, now: object, key: str = "") -> list[tuple[str, object, object]]:
    """Keys at which two recipes differ, with both values."""
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        before, now = dict(enumerate(before)), dict(enumerate(now))
    if not isinstance(before, dict) or not isinstance(now, dict):
        old, new = (len(x) if isinstance(x, list | dict) else x for x in (before, now))
        return [] if before == now else [(key, old, new)]
    found = []
    for part in before.keys() | now.keys():
        name = f"{key}.{part}" if key else str(part)
        found += _differences(before.get(part), now.get(part), name)
    return sorted(found, key=lambda difference: difference[0])


def _identity(recipe: Recipe) -> dict:
    """What may not change while a run goes on: everything but logging and the processes."""
    free = {"checkpoint_every", "report_every", "tensorboard", "wandb", "feature_parallel"}
    return recipe.model_dump(mode="json", exclude=free)
