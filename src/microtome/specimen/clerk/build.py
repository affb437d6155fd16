"""Remake the clerk: all its stages from one seed, resuming where it was interrupted."""

from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic

import torch
from transformers import LlamaForCausalLM
from transformers.utils.logging import disable_progress_bar

from microtome.artifact.lock import locked
from microtome.artifact.printable import shortened
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.specimen.clerk.recipe_file import stage_recipe
from microtome.specimen.clerk.stages import STAGES, Stage
from microtome.specimen.clerk.tokenizer import build_tokenizer
from microtome.specimen.clerk.train import ClerkRecipe, train_stage
from microtome.specimen.clerk.world.world import world_of
from microtome.specimen.recipe_file import check_recipe, write_recipe
from microtome.specimen.registry import nearest
from microtome.specimen.whole_model import check_place, is_built, save_model

Say = Callable[[str], None]
_CHECKPOINT = "checkpoint.safetensors"


def find_stage(name: str) -> Stage:
    """The stage of a name.

    Raises:
        MicrotomeError: there is none; names the nearest.
    """
    if name not in STAGES:
        raise MicrotomeError(f"the clerk has no stage {shortened(name)!r}; {nearest(name, STAGES)}")
    return STAGES[name]


def with_parents(names: Iterable[str]) -> list[Stage]:
    """The named stages and those that they are made from, parents first.

    Raises:
        MicrotomeError: an unknown stage; names the nearest.
    """
    wanted: set[str] = set()
    for name in names:
        above: str | None = find_stage(name).name
        while above is not None:
            wanted.add(above)
            above = STAGES[above].parent
    return [stage for stage in STAGES.values() if stage.name in wanted]


def build_stages(
    folder: Path, names: Iterable[str], recipe: ClerkRecipe | None = None, say: Say = print
) -> None:
    """Make stages in a folder, one folder each, in 16 bits; those that are there are kept.

    Children start from the 16-bit weights that were saved, so that a stage is the same whether its
    parent was made in this run or an earlier one.

    Raises:
        MicrotomeError: an unknown stage, a stage that is there was made with another recipe, or
            another process is making one of them.
        Interrupted: after SIGINT or SIGTERM; called again it goes on.
    """
    disable_progress_bar()  # of transformers, for every file that is read or written
    recipe, stages = recipe or ClerkRecipe(), with_parents(names)
    for stage in stages:
        check_recipe(folder / stage.name, stage_recipe(stage, recipe))
        check_place(folder / stage.name / "model")
    for stage in stages:
        (folder / stage.name).mkdir(parents=True, exist_ok=True)
        with locked(folder / stage.name):
            if not is_built(folder / stage.name / "model"):
                _build(folder, stage, recipe, say)
            # it may be left of a process that was killed when the model was saved
            (folder / stage.name / _CHECKPOINT).unlink(missing_ok=True)


def _build(folder: Path, stage: Stage, recipe: ClerkRecipe, say: Say) -> None:
    write_recipe(folder / stage.name, stage_recipe(stage, recipe))
    checkpoint = folder / stage.name / _CHECKPOINT
    parent = None if stage.parent is None else _read(folder / stage.parent / "model")

    def report(step: int, loss: float) -> None:
        if step % 100 == 0:
            say(f"{stage.name}: step {step} of {recipe.steps(stage)}, loss {loss:.4f}")

    began = monotonic()
    model = train_stage(recipe, stage, parent, checkpoint, report)
    say(f"{stage.name}: {recipe.steps(stage)} steps, {monotonic() - began:.0f} s since the start")
    tokenizer = build_tokenizer(world_of(recipe.world))
    save_model(model.half(), tokenizer, folder / stage.name / "model")


def _read(folder: Path) -> LlamaForCausalLM:
    """The model of a parent.

    Raises:
        MicrotomeError: damaged, or another.
    """
    found = LanguageModel.load(folder, "cpu", torch.float32).hf
    if not isinstance(found, LlamaForCausalLM):
        raise MicrotomeError(f"{folder} is not a stage of the clerk: its model is another")
    return found
