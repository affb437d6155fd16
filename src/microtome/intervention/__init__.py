"""What may be changed in a run, in which mode, at which positions, in generation."""

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
from microtome.intervention.intervene import Clamps, clamp, direct_effect, intervene

__all__ = [
    "Baseline",
    "Clamps",
    "Direction",
    "Features",
    "Head",
    "Intervention",
    "Mode",
    "WholeSite",
    "clamp",
    "direct_effect",
    "generate",
    "hold",
    "intervene",
    "sweep",
]
