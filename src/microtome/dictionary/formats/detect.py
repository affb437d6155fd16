"""In which tool's layout a folder holds a dictionary, told by the names of its files; imports no
tensors."""

import re
from collections.abc import Callable
from pathlib import Path

CIRCUIT_TRACER = "config.yaml"
SAELENS = ("cfg.json", "sae_weights.safetensors")
SPARSIFY = ("cfg.json", "sae.safetensors")
DICTIONARY_LEARNING = ("config.json", "ae.pt")
"""Configuration and weights."""
_GEMMA_SCOPE = ("params.safetensors", "params.npz")
_LAYER_FILE = re.compile(r"params_layer_(\d+)\.safetensors")


def params_file(folder: Path) -> Path | None:
    """The file with the parameters of one layer's dictionary of Gemma Scope in a folder."""
    found = (folder / name for name in _GEMMA_SCOPE)
    return next((path for path in found if path.is_file()), None)


def layer_files(folder: Path) -> dict[int, Path]:
    """The files of a cross-layer transcoder of Gemma Scope in a folder, by layer."""
    matches = ((_LAYER_FILE.fullmatch(path.name), path) for path in folder.iterdir())
    return {int(match[1]): path for match, path in matches if match}


ONE_SITE: dict[str, Callable[[Path], bool]] = {
    "SAELens": lambda folder: all((folder / name).is_file() for name in SAELENS),
    "sparsify": lambda folder: all((folder / name).is_file() for name in SPARSIFY),
    "dictionary_learning": lambda folder: (folder / DICTIONARY_LEARNING[1]).is_file(),
    "Gemma Scope": lambda folder: params_file(folder) is not None,
}
"""Formats that keep one site in a folder, told by their files; in this order where two fit."""


def format_of(folder: Path) -> str | None:
    """Name of the other tool's format in whose layout a folder holds a dictionary; None for
    anything else, also for folders with one dictionary per site inside."""
    if (folder / CIRCUIT_TRACER).is_file():
        return "circuit-tracer"
    for name, fits in ONE_SITE.items():
        if fits(folder):
            return name
    return "Gemma Scope" if layer_files(folder) else None
