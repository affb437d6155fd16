"""Writing Gemma Scope's files, of the first version (`gemma-scope`) or the second.

All are JumpReLU: ReLU is written with thresholds of zero and BatchTopK with its one threshold for
every feature, which are the same functions. The first version holds SAEs and transcoders without
linear skip; the second also skips, and cross-layer transcoders. `config.json` beside the
parameters names the sites; for the first version it holds microtome's note and nothing else.
"""

import re
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from microtome.dictionary.activation import ActivationKind
from microtome.dictionary.dictionary import Dictionary
from microtome.dictionary.formats.fold import thresholds
from microtome.dictionary.formats.folder import Layout
from microtome.dictionary.formats.gemma_scope.read import CONFIG, MODULES
from microtome.dictionary.formats.layers import layer_of_site, split
from microtome.dictionary.formats.pack import matrix, vector, write_json, write_safetensors
from microtome.dictionary.formats.refuse import (
    cannot_hold,
    check_activations,
    check_kind,
    check_no_skip,
    check_order,
    check_targets,
)
from microtome.dictionary.formats.sites import kind_and_layer, model_name, note

FIRST = Layout(
    "gemma-scope",
    weights=re.compile(r"(layer_\d+/)?params\.npz"),
    others=re.compile(r"(layer_\d+/)?config\.json"),
)
SECOND = Layout(
    "gemma-scope-2",
    weights=re.compile(r"(layer_\d+/)?params\.safetensors|params_layer_\d+\.safetensors"),
    others=FIRST.others,
)
_ACTIVATIONS: tuple[ActivationKind, ...] = ("relu", "jumprelu", "batchtopk")


def check_first(dictionary: Dictionary) -> None:
    """Refuse by name what the first version has no place for.

    Raises:
        MicrotomeError: TopK, a linear skip, features that cross layers, or two sites of a layer.
    """
    check_kind(dictionary, FIRST.name, ("sae", "plt"))
    check_activations(dictionary, FIRST.name, _ACTIVATIONS)
    check_no_skip(dictionary, FIRST.name)
    _check_layers(dictionary, FIRST.name)


def check_second(dictionary: Dictionary) -> None:
    """Refuse by name what the second version has no place for.

    Raises:
        MicrotomeError: TopK, a crosscoder, or two sites of a layer.
    """
    check_kind(dictionary, SECOND.name, ("sae", "plt", "clt"))
    check_activations(dictionary, SECOND.name, _ACTIVATIONS)
    if dictionary.kind == "clt":
        check_targets(dictionary, SECOND.name)
    else:
        _check_layers(dictionary, SECOND.name)


def _check_layers(dictionary: Dictionary, tool: str) -> None:
    check_order(dictionary, tool, dictionary.reads)
    layers = [layer_of_site(name) for name in dictionary.reads]
    if len(set(layers)) < len(layers):
        raise cannot_hold(
            dictionary, tool, "one site in a layer", f"reads {', '.join(dictionary.reads)}"
        )


def write_first(dictionary: Dictionary, folder: Path, dtype: torch.dtype | None) -> None:
    """Write `params.npz`, for several sites in a folder of each layer.

    NumPy has no bfloat16, which is written as float32.
    """
    for part, place in _places(dictionary, folder):
        write_json(place / CONFIG, note(part))
        arrays = {name: _array(tensor) for name, tensor in _params(part, dtype, "W").items()}
        np.savez(place / "params.npz", **arrays)  # pyright: ignore[reportArgumentType]


def write_second(dictionary: Dictionary, folder: Path, dtype: torch.dtype | None) -> None:
    """Write `params.safetensors` likewise, or a file for each layer of a CLT."""
    if dictionary.kind == "clt":
        write_json(folder / CONFIG, _config(dictionary, "clt"))
        for layer in range(len(dictionary.reads)):
            tensors = _layer(dictionary, layer, dtype)
            write_safetensors(folder / f"params_layer_{layer}.safetensors", tensors)
        return
    for part, place in _places(dictionary, folder):
        kind = "sae" if part.kind == "sae" else "transcoder"
        write_json(place / CONFIG, _config(part, kind) | _modules(part))
        write_safetensors(place / "params.safetensors", _params(part, dtype, "w"))


def _places(dictionary: Dictionary, folder: Path) -> list[tuple[Dictionary, Path]]:
    """A folder for each site, `layer_N` if there are several."""
    parts = split(dictionary)
    if len(parts) == 1:
        return [(parts[0], folder)]
    places = [(part, folder / f"layer_{layer_of_site(part.reads[0])}") for part in parts]
    for _, place in places:
        place.mkdir()
    return places


def _params(part: Dictionary, dtype: torch.dtype | None, w: str) -> dict[str, Tensor]:
    """The parameters of one site; `w` is the case of the weights' names."""
    tensors = _encoder(part, 0, dtype, w)
    return tensors | {f"{w}_dec": matrix(part.decoders[0].weight[:, 0], dtype)}


def _layer(dictionary: Dictionary, layer: int, dtype: torch.dtype | None) -> dict[str, Tensor]:
    """The parameters of one layer of a CLT, with rows of zeros for the layers before it."""
    weight = dictionary.decoders[layer].weight
    padded = weight.new_zeros(len(weight), len(dictionary.writes), dictionary.d_out)
    padded[:, layer:] = weight
    return _encoder(dictionary, layer, dtype, "w") | {"w_dec": matrix(padded, dtype)}


def _encoder(
    dictionary: Dictionary, layer: int, dtype: torch.dtype | None, w: str
) -> dict[str, Tensor]:
    """All but the decoder; a skip goes from a site to the one of the same index."""
    encoder, skip = dictionary.encoders[layer], dictionary.skips[layer]
    tensors = {
        f"{w}_enc": matrix(encoder.weight.T, dtype),
        "b_enc": vector(encoder.bias),
        "b_dec": vector(dictionary.biases[layer]),
        "threshold": vector(thresholds(encoder)),
    }
    if skip is not None:
        tensors["affine_skip_connection"] = matrix(skip, dtype)
    return tensors


def _array(tensor: Tensor) -> np.ndarray:
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def _config(dictionary: Dictionary, kind: str) -> dict:
    config = {
        "architecture": "jump_relu",
        "type": kind,
        "model_name": model_name(dictionary),
        "width": dictionary.n_features[0],
        "affine_connection": any(skip is not None for skip in dictionary.skips),
    }
    return config | note(dictionary)


def _modules(part: Dictionary) -> dict[str, str]:
    """The modules of Gemma 3 that are the sites read and written, where there are any."""
    modules = {kind: module for module, kind in MODULES.items()}
    found = {}
    for field, name in (("in", part.reads[0]), ("out", part.writes[0])):
        kind, layer = kind_and_layer(name)
        if kind in modules and layer is not None:
            found[f"hf_hook_point_{field}"] = f"model.layers.{layer}.{modules[kind]}"
    return found
