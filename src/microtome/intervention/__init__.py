"""What may be changed in a run, in which mode, at which positions, in generation."""

from typing import TYPE_CHECKING

from microtome.face import lazy_face

if TYPE_CHECKING:
    from microtome.intervention.baseline import Baseline, hold
    from microtome.intervention.description import (
        Direction,
        Features,
        Head,
        Intervention,
        Mode,
        WholeSite,
        sweep,
    )
    from microtome.intervention.generate import generate
    from microtome.intervention.hook import export_hook
    from microtome.intervention.intervene import Clamps, clamp, direct_effect, intervene
    from microtome.intervention.recipe import (
        Generation,
        Recipe,
        load_recipe,
        save_recipe,
        steering_recipe,
    )
    from microtome.intervention.steer import Steered, steer

__all__ = [
    "Baseline",
    "Clamps",
    "Direction",
    "Features",
    "Generation",
    "Head",
    "Intervention",
    "Mode",
    "Recipe",
    "Steered",
    "WholeSite",
    "clamp",
    "direct_effect",
    "export_hook",
    "generate",
    "hold",
    "intervene",
    "load_recipe",
    "save_recipe",
    "steer",
    "steering_recipe",
    "sweep",
]

lazy_face(
    __name__,
    {
        "baseline": "Baseline hold",
        "description": "Direction Features Head Intervention Mode WholeSite sweep",
        "generate": "generate",
        "hook": "export_hook",
        "intervene": "Clamps clamp direct_effect intervene",
        "recipe": "Generation Recipe load_recipe save_recipe steering_recipe",
        "steer": "Steered steer",
    },
)
