"""Training dictionaries: recipe, transcoder, trainer."""

from microtome.training.recipe import Recipe, load_recipe
from microtome.training.trainer import Metrics, train_dictionary, train_on_activations

__all__ = ["Metrics", "Recipe", "load_recipe", "train_dictionary", "train_on_activations"]
