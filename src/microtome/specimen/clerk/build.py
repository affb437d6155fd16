"""Remake the clerk: all its stages from one seed, resuming where it was interrupted."""

from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from transformers import LlamaForCausalLM

from microtome.errors import MicrotomeError
from microtome.specimen.clerk.stages import STAGES, Stage
from microtome.specimen.clerk.tokenizer import build_tokenizer
from microtome.specimen.clerk.train import ClerkRecipe, train_stage
from microtome.specimen.clerk.world.world import World
from microtome.specimen.registry import nearest

Say = Callable[[str], None]


def with_parents(names: Iterable[str]) -> list[Stage]:
    """The named stages and those that they are made from, parents first.

    Raises:
        MicrotomeError: an unknown stage; names the nearest.
    """
    wanted: set[str] = set()
    for name in names:
        if name not in STAGES:
            raise MicrotomeError(f"the clerk has no stage {name!r}; {nearest(name, STAGES)}")
        above: str | None = name
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
    """
    recipe = recipe or ClerkRecipe()
    for stage in with_parents(names):
        if not (folder / stage.name / "model" / "tokenizer.json").is_file():
            _build(folder, stage, recipe, say)


def _build(folder: Path, stage: Stage, recipe: ClerkRecipe, say: Say) -> None:
    (folder / stage.name).mkdir(parents=True, exist_ok=True)
    checkpoint = folder / stage.name / "checkpoint.safetensors"
    parent = None if stage.parent is None else _read(folder / stage.parent / "model")

    def report(step: int, loss: float) -> None:
        if step % 100 == 0:
            say(f"{stage.name}: step {step} of {recipe.steps(stage)}, loss {loss:.4f}")

    model = train_stage(recipe, stage, parent, checkpoint, report)
    out = folder / stage.name / "model"
    model.to(torch.float16).save_pretrained(out)
    build_tokenizer(World(recipe.world)).save_pretrained(out)
    checkpoint.unlink(missing_ok=True)


def _read(folder: Path) -> LlamaForCausalLM:
    return LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
