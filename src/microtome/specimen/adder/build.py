"""Remake the adder: its model and its dictionaries, from one seed."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch

from microtome.dictionary import save_dictionary
from microtome.model import LanguageModel
from microtome.specimen.adder import world
from microtome.specimen.adder.tokenizer import build_tokenizer
from microtome.specimen.adder.train import AdderRecipe, train
from microtome.training import Recipe, train_dictionary

DICTIONARIES = {
    "clt": Recipe(kind="clt", features=1024, k=20, steps=6000, decay=0.5),
    "plt": Recipe(kind="plt", features=1024, k=20, steps=4000, decay=0.5),
}
"""Recipes of the bundled dictionaries; tokens are the training prompts in all guises."""

Say = Callable[[str], None]


def build_model(folder: Path, recipe: AdderRecipe, say: Say = print) -> LanguageModel:
    """Train the model, resuming if it was interrupted."""
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / "checkpoint.pt"

    def report(step: int, loss: float) -> None:
        if step % 100 == 0:
            say(f"adder: step {step} of {recipe.steps}, loss {loss:.4f}")

    hf = train(recipe, checkpoint, report)
    hf.save_pretrained(folder / "model")
    build_tokenizer().save_pretrained(folder / "model")
    checkpoint.unlink()
    return LanguageModel.load(folder / "model", device="cpu")


def build_dictionary(
    folder: Path, part: str, model: LanguageModel, recipe: Recipe, seed: int, say: Say = print
) -> None:
    """Train one dictionary on the model's training prompts and save it in 16 bits."""
    pairs = world.split_pairs(seed).train
    blocks = [world.prompt_tokens(pairs, guise) for guise in world.GUISES]

    def report(metrics) -> None:
        if metrics.step % 200 == 0:
            say(
                f"{part}: step {metrics.step} of {recipe.steps}, FVU {metrics.fvu:.4f}, "
                f"L0 {metrics.l0:.1f}, dead {metrics.dead:.0%}"
            )

    dictionary = train_dictionary(model, blocks, recipe, report)
    config = recipe.model_dump() | {"corpus": f"adder training prompts, seed {seed}"}
    save_dictionary(dictionary, folder / part, config, torch.float16, force=True)


def build_adder(folder: Path, seed: int = 0, say: Say = print) -> None:
    """Make `model`, `clt` and `plt` in a folder; parts that are there are kept.

    Deterministic on one machine with one thread count; a part is written when it is whole, so an
    interrupted build goes on where it stopped.
    """
    recipe = AdderRecipe(seed=seed)
    if (folder / "model" / "tokenizer.json").is_file():
        model = LanguageModel.load(folder / "model", device="cpu")
    else:
        say(f"training the adder: {asdict(recipe)}")
        model = build_model(folder, recipe, say)
    for part, base in DICTIONARIES.items():
        if not (folder / part / "manifest.json").is_file():
            build_dictionary(folder, part, model, base.model_copy(update={"seed": seed}), seed, say)
