"""Write a dictionary in any format that microtome knows: one file a tool."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch

from microtome.artifact import check_output
from microtome.dictionary.dictionary import Dictionary
from microtome.dictionary.formats.circuit_tracer import write as circuit_tracer
from microtome.dictionary.formats.dictionary_learning import write as dictionary_learning
from microtome.dictionary.formats.folder import Layout, check_new_folder, new_folder
from microtome.dictionary.formats.gemma_scope import write as gemma_scope
from microtome.dictionary.formats.saelens import write as saelens
from microtome.dictionary.formats.sparsify import write as sparsify
from microtome.dictionary.native import save_dictionary
from microtome.errors import MicrotomeError

NATIVE = "microtome"


class _Format(NamedTuple):
    layout: Layout
    check: Callable[[Dictionary], None]
    """Refuses what the format cannot hold, before anything is written."""
    write: Callable[[Dictionary, Path, torch.dtype | None], None]


_FORMATS = {
    entry.layout.name: entry
    for entry in (
        _Format(saelens.LAYOUT, saelens.check, saelens.write),
        _Format(sparsify.LAYOUT, sparsify.check, sparsify.write),
        _Format(dictionary_learning.LAYOUT, dictionary_learning.check, dictionary_learning.write),
        _Format(circuit_tracer.LAYOUT, circuit_tracer.check, circuit_tracer.write),
        _Format(gemma_scope.FIRST, gemma_scope.check_first, gemma_scope.write_first),
        _Format(gemma_scope.SECOND, gemma_scope.check_second, gemma_scope.write_second),
    )
}
FORMATS = (NATIVE, *_FORMATS)
"""Names of the formats that `save_as` writes."""


def save_as(
    dictionary: Dictionary,
    path: Path,
    to: str,
    force: bool = False,
    dtype: torch.dtype | None = None,
) -> None:
    """Write a dictionary as a folder in a tool's own layout.

    What is read back reconstructs the same; several sites become a folder each where the format
    holds one, and `load_dictionary` reads the folder above as one dictionary again. Nothing is
    written of a dictionary that the format cannot hold.

    Args:
        dictionary: what to write.
        path: the folder to make; it appears whole or not at all.
        to: `saelens`, `sparsify`, `dictionary_learning`, `circuit-tracer`, `gemma-scope`,
            `gemma-scope-2` or `microtome`.
        force: replace a dictionary of the same format.
        dtype: of the weight matrices, which by default keep their own; biases and thresholds are
            always float32.

    Raises:
        MicrotomeError: an unknown format, what the format cannot hold, by name, an output that
            exists, or weights too large for the dtype.
    """
    check_destination(path, to, force)
    if to == NATIVE:
        save_dictionary(dictionary, path, dtype=dtype, force=force)
        return
    layout, check, write = _FORMATS[to]
    check(dictionary)
    with new_folder(path, layout, force) as folder:
        write(dictionary, folder, dtype)


def check_destination(path: Path, to: str, force: bool = False) -> None:
    """Refuse an unknown format or an output that exists, before any work is done for it.

    Raises:
        MicrotomeError: no such format, or the path may not be replaced.
    """
    if to not in FORMATS:
        raise MicrotomeError(f"unknown format {to!r}; known: {', '.join(FORMATS)}")
    if to == NATIVE:
        check_output(path, force, "dictionary")
    else:
        check_new_folder(path, _FORMATS[to].layout, force)
