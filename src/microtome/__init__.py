"""microtome: a microscope for language models.

The calls a notebook needs; everything else is in the packages below. Names are loaded when they
are first used, so that importing microtome costs nothing.
"""

from typing import TYPE_CHECKING

from microtome.face import lazy_face

if TYPE_CHECKING:
    from microtome.circuit import (
        DirectionTarget,
        FeatureTarget,
        Graph,
        LogitDifference,
        TokenTarget,
        load_graph,
        prune,
        trace,
    )
    from microtome.dictionary import Dictionary, save_dictionary
    from microtome.errors import MicrotomeError
    from microtome.model import LanguageModel
    from microtome.specimen import load_dictionary, load_model
    from microtome.training import Recipe, load_recipe, make_recipe, train

__all__ = [
    "Dictionary",
    "DirectionTarget",
    "FeatureTarget",
    "Graph",
    "LanguageModel",
    "LogitDifference",
    "MicrotomeError",
    "Recipe",
    "TokenTarget",
    "load_dictionary",
    "load_graph",
    "load_model",
    "load_recipe",
    "make_recipe",
    "prune",
    "save_dictionary",
    "trace",
    "train",
]

lazy_face(
    __name__,
    {
        "circuit": "DirectionTarget FeatureTarget Graph LogitDifference TokenTarget load_graph "
        "prune trace",
        "dictionary": "Dictionary save_dictionary",
        "errors": "MicrotomeError",
        "model": "LanguageModel",
        "specimen": "load_dictionary load_model",
        "training": "Recipe load_recipe make_recipe train",
    },
)
