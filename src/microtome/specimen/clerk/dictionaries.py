"""The clerk's dictionaries: a CLT and an SAE of each stage, trained on what the stage reads."""

from collections.abc import Callable, Iterable
from pathlib import Path
from shutil import rmtree
from time import monotonic

import torch
from jaxtyping import Int
from torch import Tensor

from microtome.artifact.interrupt import Interrupted
from microtome.data.tokens import tokenize_texts
from microtome.dictionary import save_dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.specimen.clerk.build import find_stage
from microtome.specimen.clerk.corpus import stage_texts
from microtome.specimen.clerk.recipe_file import check_recipe
from microtome.specimen.clerk.stages import Stage
from microtome.specimen.clerk.tokenizer import CONTEXT
from microtome.specimen.clerk.train import ClerkRecipe
from microtome.specimen.clerk.world.world import World, world_of
from microtome.specimen.whole_model import is_built
from microtome.training import Progress, Recipe, make_recipe, train

SAE_LAYER = 3
"""Block behind which the SAE reads the residual stream: past the middle, where facts are known
and nothing is decided yet."""
TEXTS = 40_000
DESCRIBED = ("base", "chat", "hidden")
"""Stages that have dictionaries."""
_RUN = "run"
"""Folder of checkpoints, while they are trained."""

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
        MicrotomeError: an unknown stage, one without a model in the folder, or with a model that
            was made with another recipe.
        Interrupted: after SIGINT or SIGTERM; called again it goes on.
    """
    recipe = recipe or ClerkRecipe()
    dictionaries = dictionaries or dictionary_recipe(recipe.seed)
    stages = [find_stage(name) for name in names]
    for stage in stages:
        _check_model(folder, stage, recipe)
    for stage in stages:
        if not _is_described(folder / stage.name, dictionaries):
            _build(folder / stage.name, stage, recipe, dictionaries, texts, say)
        # it may be left of a process that was killed when both were saved
        rmtree(folder / stage.name / _RUN, ignore_errors=True)


def _check_model(folder: Path, stage: Stage, recipe: ClerkRecipe) -> None:
    if not is_built(folder / stage.name / "model"):
        raise MicrotomeError(
            f"{folder} has no model of the clerk's stage {stage.name!r}; make it first: microtome "
            f"specimen build clerk --out {folder} --stage {stage.name}"
        )
    check_recipe(folder, stage, recipe)


def _is_described(folder: Path, dictionaries: Recipe) -> bool:
    kinds = [table.name for table in dictionaries.dictionary]
    return all((folder / kind / "manifest.json").is_file() for kind in kinds)


def _build(
    folder: Path, stage: Stage, recipe: ClerkRecipe, dictionaries: Recipe, texts: int, say: Say
) -> None:
    model = LanguageModel.load(folder / "model", "cpu", torch.float32)
    blocks = stage_blocks(world_of(recipe.world), stage, model, texts, recipe.seed)

    def report(progress: Progress) -> None:
        if progress.step % 200 == 0 or progress.step == progress.steps:
            figures = (
                f"{kind} FVU {one.mean_fvu:.4f}, L0 {one.l0:.1f}, dead {one.dead:.0%}"
                for kind, one in progress.figures.items()
            )
            say(f"{stage.name}: step {progress.step} of {progress.steps}, {'; '.join(figures)}")

    began = monotonic()
    try:
        made = train(dictionaries, model, lambda: blocks, folder / _RUN, report)
    except Interrupted as stop:
        raise Interrupted(
            f"{stop} of {dictionaries.steps} of the dictionaries of {stage.name}; the same command "
            f"goes on from there",
            stop.signal_number,
        ) from stop
    say(f"{stage.name}: dictionaries, {monotonic() - began:.0f} s since the start")
    about = {"corpus": f"texts of the clerk's stage {stage.name}, seed {recipe.seed}"}
    config = dictionaries.model_dump(mode="json") | about
    for kind, dictionary in made.items():
        save_dictionary(dictionary, folder / kind, config, torch.float16, force=True)
