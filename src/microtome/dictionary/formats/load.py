"""Read a dictionary in any format that microtome knows: one file a tool."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from microtome.dictionary.dictionary import Dictionary
from microtome.dictionary.formats.circuit_tracer import read as circuit_tracer
from microtome.dictionary.formats.detect import ONE_SITE, layer_files
from microtome.dictionary.formats.dictionary_learning import read as dictionary_learning
from microtome.dictionary.formats.gemma_scope import read as gemma_scope
from microtome.dictionary.formats.hub import locate
from microtome.dictionary.formats.layers import combine, layer_of_path
from microtome.dictionary.formats.saelens import read as saelens
from microtome.dictionary.formats.sparsify import read as sparsify
from microtome.dictionary.native import load_native
from microtome.errors import MicrotomeError

_DEPTH = 3
"""Folders between a collection and its dictionaries (Gemma Scope: layer, width, sparsity)."""


_LOAD = {
    "SAELens": saelens.load_saelens,
    "sparsify": sparsify.load_sparsify,
    "dictionary_learning": dictionary_learning.load_dictionary_learning,
    "Gemma Scope": gemma_scope.load_gemma_scope,
}


def load_dictionary(
    path: str | Path, reads: str | None = None, writes: str | None = None
) -> Dictionary:
    """Read a dictionary from a folder, or from the Hugging Face hub.

    The format is told from the files: `manifest.json` (microtome's own), `config.yaml`
    (circuit-tracer), `cfg.json` with `sae_weights.safetensors` (SAELens) or `sae.safetensors`
    (sparsify), `ae.pt` (dictionary_learning), `params.npz` or `params.safetensors` (Gemma Scope),
    or folders of one of the last four, one per site, which become one dictionary in order of layer.

    Args:
        path: a local folder, or a hub name `owner/repository[/folder][@revision]`, of which every
            tensor file under that folder is downloaded; without a folder, every file of the
            repository that has a dictionary's name.
        reads: template of the sites read, such as `blocks.{layer}.mlp.in`; replaces what the files
            say, and is needed where they say nothing (Gemma Scope). The layer is the N of a
            `layer_N` in the path, or of a sparsify hookpoint.
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
    for tool, fits in ONE_SITE.items():
        if fits(folder):
            return _LOAD[tool](folder, reads, writes)
    if (folder / saelens.CONFIG).is_file():
        return saelens.load_saelens(folder, reads, writes)  # names the file that is missing
    if layer_files(folder):
        return gemma_scope.load_gemma_scope(folder, reads, writes)
    return _load_sites(folder, reads, writes)


def _load_sites(folder: Path, reads: str | None, writes: str | None) -> Dictionary:
    """One dictionary from folders inside a folder, one per site."""
    inside = list(_folders(folder))
    found = {tool: [f for f in inside if fits(f)] for tool, fits in ONE_SITE.items()}
    found = {tool: folders for tool, folders in found.items() if folders}
    if not found:
        if own := [f for f in inside if (f / "manifest.json").is_file()]:
            raise MicrotomeError(
                f"{folder} holds no dictionary itself, but {own[0]} may be one; pass that folder"
            )
        raise MicrotomeError(
            f"{folder} holds no dictionary that microtome reads; expected manifest.json, "
            f"config.yaml, cfg.json, ae.pt, params.npz or params.safetensors in it or in one "
            f"folder per layer"
        )
    if len(found) > 1:
        one, other = list(found.values())[:2]
        raise MicrotomeError(
            f"{folder} holds dictionaries of two formats, {one[0]} and {other[0]}; pass one"
        )
    ((tool, folders),) = found.items()
    if tool == "Gemma Scope":
        _refuse_two_of_a_layer(folder, folders)
    return combine([_LOAD[tool](f, reads, writes) for f in folders], folder)


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
