"""Specimens: small bundled models whose mechanism is known, and loading by name."""

from microtome.specimen.load import (
    SPECIMENS,
    load_atlas,
    load_dictionary,
    load_model,
    specimen_path,
)

__all__ = ["SPECIMENS", "load_atlas", "load_dictionary", "load_model", "specimen_path"]
