"""Remake the adder: its model and its dictionaries, from one seed."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch

from microtome.artifact.lock import locked
from microtome.dictionary import save_dictionary
from microtome.model import LanguageModel
from microtome.specimen.adder import world
from microtome.specimen.adder.tokenizer import build_tokenizer
from microtome.specimen.adder.train import AdderRecipe, train
from microtome.specimen.recipe_file import check_recipe, write_recipe
from microtome.specimen.whole_model import check_place, is_built, save_model
from microtome.training import Progress, Recipe, make_recipe
from microtome.training import train as train_dictionaries


def _recipe(kind: str, steps: int) -> Recipe:
    dictionary = {"name": kind, "kind": kind, "features": 1024, "k": 20, "learning_rate": 1e-3}
    run = {"data": "memory", "steps": steps, "decay": 0.5, "batch_size": 1024}
    return make_recipe(run | {"dictionary": dictionary | {"dead_after": 200_000}})


DICTIONARIES = {"clt": _recipe("clt", 6000), "plt": _recipe("plt", 4000)}
"""Recipes of the bundled dictionaries; tokens are the training prompts in all guises."""

Say = Callable[[str], None]


def build_model(folder: Path, recipe: AdderRecipe, say: Say = print) -> LanguageModel:
    """Train the model, resuming if it was interrupted."""
    checkpoint = folder / "checkpoint.safetensors"

    def report(step: int, loss: float) -> None:
        if step % 100 == 0:
            say(f"adder: step {step} of {recipe.steps}, loss {loss:.4f}")

    hf = train(recipe, checkpoint, report)
    save_model(hf, build_tokenizer(), folder / "model")
    checkpoint.unlink(missing_ok=True)
    return LanguageModel.load(folder / "model", device="cpu")


def build_dictionary(
    folder: Path, part: str, model: LanguageModel, recipe: Recipe, seed: int, say: Say = print
) -> None:
    """Train one dictionary on the model's training prompts and save it in 16 bits."""
    pairs = world.split_pairs(seed).train
    blocks = [world.prompt_tokens(pairs, guise) for guise in world.GUISES]

    def report(progress: Progress) -> None:
        if progress.step % 200 == 0:
            figures = progress.figures[part]
            say(
                f"{part}: step {progress.step} of {progress.steps}, FVU {figures.mean_fvu:.4f}, "
                f"L0 {figures.l0:.1f}, dead {figures.dead:.0%}"
            )

    dictionary = train_dictionaries(recipe, model, lambda: blocks, report=report)[part]
    config = recipe.model_dump(mode="json") | {"corpus": f"adder training prompts, seed {seed}"}
    save_dictionary(dictionary, folder / part, config, torch.float16, force=True)


def build_adder(folder: Path, seed: int = 0, say: Say = print) -> None:
    """Make `model`, `clt` and `plt` in a folder; parts that are there are kept.

    Deterministic on one machine with one thread count; a part is written when it is whole, so an
    interrupted build goes on where it stopped.

    Raises:
        MicrotomeError: what is there was made with another seed, another process builds there, or
            it cannot be written.
    """
    recipe = AdderRecipe(seed=seed)
    check_place(folder / "model")
    check_recipe(folder, asdict(recipe))
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        _build_parts(folder, recipe, say)


def _build_parts(folder: Path, recipe: AdderRecipe, say: Say) -> None:
    if is_built(folder / "model"):
        model = LanguageModel.load(folder / "model", device="cpu")
    else:
        write_recipe(folder, asdict(recipe))
        say(f"training the adder: {asdict(recipe)}")
        model = build_model(folder, recipe, say)
    for part, base in DICTIONARIES.items():
        if not (folder / part / "manifest.json").is_file():
            seeded = base.model_copy(update={"seed": recipe.seed})
            build_dictionary(folder, part, model, seeded, recipe.seed, say)
