"""Operand plots: what features respond to over a grid of two slots of a prompt."""

from typing import TYPE_CHECKING

from microtome.face import lazy_face

if TYPE_CHECKING:
    from microtome.grid.describe import Description, describe_grid
    from microtome.grid.grids import FeatureGrid, feature_grids
    from microtome.grid.patterns import Pattern, Recognised, recognise
    from microtome.grid.slots import Slot, Template, parse_values

__all__ = [
    "Description",
    "FeatureGrid",
    "Pattern",
    "Recognised",
    "Slot",
    "Template",
    "describe_grid",
    "feature_grids",
    "parse_values",
    "recognise",
]

lazy_face(
    __name__,
    {
        "describe": "Description describe_grid",
        "grids": "FeatureGrid feature_grids",
        "patterns": "Pattern Recognised recognise",
        "slots": "Slot Template parse_values",
    },
)
