"""Training dictionaries: recipes, architectures, the trainer, checkpoints, many processes."""

from microtome.training.load import load_recipe, make_recipe
from microtome.training.recipe import ARCHITECTURES, DictionaryRecipe, Recipe
from microtome.training.run import train
from microtome.training.trainer import Interrupted, Progress, Trainer, train_on

__all__ = [
    "ARCHITECTURES",
    "DictionaryRecipe",
    "Interrupted",
    "Progress",
    "Recipe",
    "Trainer",
    "load_recipe",
    "make_recipe",
    "train",
    "train_on",
]
