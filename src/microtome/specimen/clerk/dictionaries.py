"""The clerk's dictionaries: a CLT and an SAE of each stage, trained on what the stage reads."""

from collections.abc import Callable, Iterable
from pathlib import Path
from shutil import rmtree
from time import monotonic
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from microtome.artifact import read_manifest
from microtome.artifact.interrupt import Interrupted
from microtome.artifact.lock import locked
from microtome.data.tokens import tokenize_texts
from microtome.dictionary import save_dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.specimen.clerk.build import find_stage
from microtome.specimen.clerk.corpus import Purpose, stage_texts
from microtome.specimen.clerk.recipe_file import stage_recipe
from microtome.specimen.clerk.stages import Stage
from microtome.specimen.clerk.tokenizer import CONTEXT
from microtome.specimen.clerk.train import ClerkRecipe
from microtome.specimen.clerk.world.world import World, world_of
from microtome.specimen.recipe_file import check_recipe
from microtome.specimen.whole_model import is_built
from microtome.training import Progress, Recipe, make_recipe, train

SAE_LAYER = 3
"""Block behind which the SAE reads the residual stream: past the middle, where facts are known
and nothing is decided yet."""
TEXTS = 40_000
DESCRIBED = ("base", "chat", "hidden")
"""Stages that have dictionaries."""
RUN = ".dictionaries-run"
"""Folder of checkpoints in a stage's, while its dictionaries are trained."""

Say = Callable[[str], None]


def dictionary_recipe(seed: int = 0, steps: int = 2000) -> Recipe:
    """Both dictionaries of a stage in one run, from one pass of data."""
    shared = {"k": 20, "learning_rate": 1e-3, "dead_after": 100_000}
    clt = {"name": "clt", "kind": "clt", "features": 1024}
    sae = {"name": "sae", "kind": "sae", "features": 1024, "layers": [SAE_LAYER]}
    run = {"data": "memory", "steps": steps, "decay": 0.5, "batch_size": 1024, "seed": seed}
    return make_recipe(run | {"dictionary": [clt | shared, sae | shared]})


def stage_blocks(
    world: World,
    stage: Stage,
    model: LanguageModel,
    purpose: Purpose,
    texts: int = TEXTS,
    seed: int = 0,
) -> list[Int[Tensor, "rows length"]]:
    """Texts that a stage reads as tokens, a block for each length, so that none is padded."""
    return tokenize_texts(model, stage_texts(world, stage, texts, seed, purpose), CONTEXT)


def build_dictionaries(
    folder: Path,
    names: Iterable[str] = DESCRIBED,
    recipe: ClerkRecipe | None = None,
    dictionaries: Recipe | None = None,
    texts: int = TEXTS,
    say: Say = print,
) -> None:
    """Train the CLT and the SAE of stages whose models lie in a folder, in 16 bits; those that this
    recipe has made there are kept.

    Raises:
        MicrotomeError: an unknown stage; one without a model in the folder, or with a model or
            dictionaries that were made otherwise; or another process is making one of them.
        Interrupted: after SIGINT or SIGTERM; called again it goes on.
    """
    recipe = recipe or ClerkRecipe()
    dictionaries = dictionaries or dictionary_recipe(recipe.seed)
    stages = [find_stage(name) for name in names]
    for stage in stages:
        _check_model(folder, stage, recipe)
        _check_dictionaries(folder / stage.name, stage, recipe, dictionaries)
    for stage in stages:
        with locked(folder / stage.name):
            if not all(_parts(folder / stage.name, dictionaries).values()):
                _build(folder / stage.name, stage, recipe, dictionaries, texts, say)
            # it may be left of a process that was killed when both were saved
            rmtree(folder / stage.name / RUN, ignore_errors=True)


def _check_model(folder: Path, stage: Stage, recipe: ClerkRecipe) -> None:
    if not is_built(folder / stage.name / "model"):
        raise MicrotomeError(
            f"{folder} has no model of the clerk's stage {stage.name!r}; make it first: microtome "
            f"specimen build clerk --out {folder} --stage {stage.name}"
        )
    check_recipe(folder / stage.name, stage_recipe(stage, recipe))


def _parts(folder: Path, dictionaries: Recipe) -> dict[Path, bool]:
    """Folders of a stage's dictionaries, and whether they are there."""
    places = [folder / table.name for table in dictionaries.dictionary]
    return {place: (place / "manifest.json").is_file() for place in places}


def _config(stage: Stage, recipe: ClerkRecipe, dictionaries: Recipe) -> dict[str, Any]:
    """What decides the weights of a stage's dictionaries, as their manifests have it."""
    corpus = f"texts of the clerk's stage {stage.name}, seed {recipe.seed}"
    return dictionaries.model_dump(mode="json") | {"corpus": corpus}


def _check_dictionaries(
    folder: Path, stage: Stage, recipe: ClerkRecipe, dictionaries: Recipe
) -> None:
    """Refuse what stands where a dictionary is to be and was not made with this recipe."""
    wanted = _config(stage, recipe, dictionaries)
    for place, is_there in _parts(folder, dictionaries).items():
        config = read_manifest(place, "dictionary").config if is_there else {}
        if place.exists() and {key: config.get(key) for key in wanted} != wanted:
            raise MicrotomeError(
                f"{place} is something else already, or was trained otherwise; move it away, or "
                f"name another folder to build in"
            )


def _build(
    folder: Path, stage: Stage, recipe: ClerkRecipe, dictionaries: Recipe, texts: int, say: Say
) -> None:
    model = LanguageModel.load(folder / "model", "cpu", torch.float32)
    world = world_of(recipe.world)
    blocks = stage_blocks(world, stage, model, "dictionaries", texts, recipe.seed)

    def report(progress: Progress) -> None:
        if progress.step % 200 == 0 or progress.step == progress.steps:
            figures = (
                f"{kind} FVU {one.mean_fvu:.4f}, L0 {one.l0:.1f}, dead {one.dead:.0%}"
                for kind, one in progress.figures.items()
            )
            say(f"{stage.name}: step {progress.step} of {progress.steps}, {'; '.join(figures)}")

    began = monotonic()
    try:
        made = train(dictionaries, model, lambda: blocks, folder / RUN, report)
    except Interrupted as stop:
        raise Interrupted(
            f"{stop} of {dictionaries.steps} of the dictionaries of {stage.name}; the same command "
            f"goes on from there",
            stop.signal_number,
        ) from stop
    say(f"{stage.name}: dictionaries, {monotonic() - began:.0f} s since the start")
    config = _config(stage, recipe, dictionaries)
    for kind, dictionary in made.items():
        save_dictionary(dictionary, folder / kind, config, torch.float16, force=True)
