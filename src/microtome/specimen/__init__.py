"""Specimens: small models whose mechanism is known, and loading by name."""

from microtome.specimen.entry import Specimen
from microtome.specimen.load import (
    load_atlas,
    load_dictionary,
    load_model,
    load_truth,
    specimen_path,
)
from microtome.specimen.registry import all_specimens, register_specimen

__all__ = [
    "Specimen",
    "all_specimens",
    "load_atlas",
    "load_dictionary",
    "load_model",
    "load_truth",
    "register_specimen",
    "specimen_path",
]
