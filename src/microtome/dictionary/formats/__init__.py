"""Read a dictionary in any format that microtome knows: one file a tool."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from microtome.dictionary.dictionary import Dictionary
from microtome.dictionary.formats import circuit_tracer, gemma_scope, saelens
from microtome.dictionary.formats.hub import locate
from microtome.dictionary.formats.layers import combine, layer_of_path
from microtome.dictionary.native import load_native
from microtome.errors import MicrotomeError

__all__ = ["load_dictionary"]

_DEPTH = 3
"""Folders between a collection and its dictionaries (Gemma Scope: layer, width, sparsity)."""


def load_dictionary(
    path: str | Path, reads: str | None = None, writes: str | None = None
) -> Dictionary:
    """Read a dictionary from a folder, or from the Hugging Face hub.

    The format is told from the files: `manifest.json` (microtome's own), `config.yaml`
    (circuit-tracer), `cfg.json` (SAELens), `params.npz` or `params.safetensors` (Gemma Scope), or
    folders of the last two, one per layer, which become one dictionary in order of layer.

    Args:
        path: a local folder, or a hub name `owner/repository[/folder][@revision]`, of which every
            tensor file under that folder is downloaded.
        reads: template of the sites read, such as `blocks.{layer}.mlp.in`; replaces what the files
            say, and is needed where they say nothing (Gemma Scope). The layer is the N of a
            `layer_N` in the path.
        writes: the same for the sites written; equal to `reads` for an SAE.

    Raises:
        MicrotomeError: one sentence that names the file and field, what was expected and what to
            do.
    """
    folder = locate(str(path))
    return replace(_load(folder, reads, writes), name=str(path))


def _load(folder: Path, reads: str | None, writes: str | None) -> Dictionary:
    if (folder / "manifest.json").is_file():
        if reads or writes:
            raise MicrotomeError(f"{folder} names its own sites; leave out reads and writes")
        return load_native(folder)
    if (folder / circuit_tracer.CONFIG).is_file():
        return circuit_tracer.load_circuit_tracer(folder, reads, writes)
    if (folder / saelens.CONFIG).is_file():
        return saelens.load_saelens(folder, reads, writes)
    if gemma_scope.params_file(folder) or gemma_scope.layer_files(folder):
        return gemma_scope.load_gemma_scope(folder, reads, writes)
    return _load_layers(folder, reads, writes)


def _load_layers(folder: Path, reads: str | None, writes: str | None) -> Dictionary:
    """One dictionary from folders inside a folder, one per layer."""
    inside = list(_folders(folder))
    sae = [f for f in inside if (f / saelens.CONFIG).is_file() and (f / saelens.WEIGHTS).is_file()]
    gemma = [f for f in inside if gemma_scope.params_file(f)]
    if sae and gemma:
        raise MicrotomeError(
            f"{folder} holds dictionaries of two formats, {sae[0]} and {gemma[0]}; pass one"
        )
    if not sae and not gemma:
        raise MicrotomeError(
            f"{folder} holds no dictionary that microtome reads; expected manifest.json, "
            f"config.yaml, cfg.json, params.npz or params.safetensors in it or in one folder per "
            f"layer"
        )
    if sae:
        return combine([saelens.load_saelens(f, reads, writes) for f in sae], folder)
    _refuse_two_of_a_layer(folder, gemma)
    return combine([gemma_scope.load_gemma_scope(f, reads, writes) for f in gemma], folder)


def _folders(folder: Path) -> Iterator[Path]:
    for depth in range(1, _DEPTH + 1):
        for path in sorted(folder.glob("/".join("*" * depth))):
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if path.is_dir() and not hidden:
                yield path


def _refuse_two_of_a_layer(folder: Path, found: list[Path]) -> None:
    """Gemma Scope has many widths and sparsities of a layer; nothing says which one is meant."""
    by_layer: dict[int | None, Path] = {}
    for path in found:
        layer = layer_of_path(path)
        if layer in by_layer:
            raise MicrotomeError(
                f"{folder} holds several dictionaries for layer {layer}, such as {by_layer[layer]} "
                f"and {path}; pass the folder of one, or keep one per layer"
            )
        by_layer[layer] = path
