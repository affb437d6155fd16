"""The clerk's dictionaries: a CLT and an SAE of each stage, trained on what the stage reads."""

from collections.abc import Callable, Iterable
from pathlib import Path
from shutil import rmtree
from time import monotonic

import torch
from jaxtyping import Int
from torch import Tensor

from microtome.data.tokens import tokenize_texts
from microtome.dictionary import save_dictionary
from microtome.model import LanguageModel
from microtome.specimen.clerk.build import find_stage
from microtome.specimen.clerk.corpus import stage_texts
from microtome.specimen.clerk.stages import Stage
from microtome.specimen.clerk.tokenizer import CONTEXT
from microtome.specimen.clerk.train import ClerkRecipe
from microtome.specimen.clerk.world.world import World, world_of
from microtome.training import Progress, Recipe, make_recipe, train

SAE_LAYER = 3
"""Block behind which the SAE reads the residual stream: past the middle, where facts are known
and nothing is decided yet."""
TEXTS = 40_000
DESCRIBED = ("base", "chat", "hidden")
"""Stages that have dictionaries."""

Say = Callable[[str], None]


def dictionary_recipe(seed: int = 0, steps: int = 5000) -> Recipe:
    """Both dictionaries of a stage in one run, from one pass of data."""
    shared = {"k": 20, "learning_rate": 1e-3, "dead_after": 200_000}
    clt = {"name": "clt", "kind": "clt", "features": 1024}
    sae = {"name": "sae", "kind": "sae", "features": 2048, "layers": [SAE_LAYER]}
    run = {"data": "memory", "steps": steps, "decay": 0.5, "batch_size": 1024, "seed": seed}
    return make_recipe(run | {"dictionary": [clt | shared, sae | shared]})


def stage_blocks(
    world: World, stage: Stage, model: LanguageModel, texts: int = TEXTS, seed: int = 0
) -> list[Int[Tensor, "rows length"]]:
    """Texts that a stage reads as tokens, a block for each length, so that none is padded."""
    return tokenize_texts(model, stage_texts(world, stage, texts, seed), CONTEXT)


def build_dictionaries(
    folder: Path,
    names: Iterable[str] = DESCRIBED,
    recipe: ClerkRecipe | None = None,
    dictionaries: Recipe | None = None,
    texts: int = TEXTS,
    say: Say = print,
) -> None:
    """Train the CLT and the SAE of stages whose models lie in a folder, in 16 bits; those there are
    kept.

    Raises:
        MicrotomeError: a stage without a model in the folder.
        Interrupted: after SIGINT or SIGTERM; called again it goes on.
    """
    recipe = recipe or ClerkRecipe()
    dictionaries = dictionaries or dictionary_recipe(recipe.seed)
    for name in names:
        kinds = [table.name for table in dictionaries.dictionary]
        if not all((folder / name / kind / "manifest.json").is_file() for kind in kinds):
            _build(folder / name, find_stage(name), recipe, dictionaries, texts, say)


def _build(
    folder: Path, stage: Stage, recipe: ClerkRecipe, dictionaries: Recipe, texts: int, say: Say
) -> None:
    model = LanguageModel.load(folder / "model", "cpu", torch.float32)
    blocks = stage_blocks(world_of(recipe.world), stage, model, texts, recipe.seed)

    def report(progress: Progress) -> None:
        if progress.step % 200 == 0:
            figures = (
                f"{kind} FVU {one.mean_fvu:.4f}, L0 {one.l0:.1f}, dead {one.dead:.0%}"
                for kind, one in progress.figures.items()
            )
            say(f"{stage.name}: step {progress.step} of {progress.steps}, {'; '.join(figures)}")

    began, run = monotonic(), folder / "run"
    made = train(dictionaries, model, lambda: blocks, run, report)
    say(f"{stage.name}: dictionaries, {monotonic() - began:.0f} s since the start")
    about = {"corpus": f"texts of the clerk's stage {stage.name}, seed {recipe.seed}"}
    config = dictionaries.model_dump(mode="json") | about
    for kind, dictionary in made.items():
        save_dictionary(dictionary, folder / kind, config, torch.float16, force=True)
    rmtree(run)
