"""Writing circuit-tracer's folders: a transcoder set, or a cross-layer transcoder.

Encoders are written as they are, thresholds for each feature. A TopK set says `activation: topk`
in its configuration and k in every file, as those that read it do; versions that know ReLU and
JumpReLU alone stop at the k instead of reading it as something else. circuit-tracer zeroes
position 0 of any dictionary, whether or not it was left out of training.
"""

import re
from pathlib import Path

import torch
import yaml
from torch import Tensor

from microtome.dictionary.dictionary import Dictionary, Encoder
from microtome.dictionary.formats.circuit_tracer.read import CLT, CONFIG, PLT
from microtome.dictionary.formats.fold import kept, thresholds
from microtome.dictionary.formats.folder import Layout
from microtome.dictionary.formats.pack import matrix, vector, write_safetensors
from microtome.dictionary.formats.refuse import (
    cannot_hold,
    check_activations,
    check_kind,
    check_no_skip,
    check_square,
    check_targets,
)
from microtome.dictionary.formats.sites import hook_name, model_name, note

LAYOUT = Layout(
    "circuit-tracer",
    weights=re.compile(r"(layer|W_enc)_\d+\.safetensors"),
    others=re.compile(r"config\.yaml|W_dec_\d+\.safetensors"),
)


def check(dictionary: Dictionary) -> None:
    """Refuse by name what circuit-tracer has no place for.

    Raises:
        MicrotomeError: no transcoder of every layer with one hook, width and number of features;
            or of a cross-layer transcoder TopK or a linear skip, which circuit-tracer never reads.
    """
    check_kind(dictionary, LAYOUT.name, ("plt", "clt"))
    check_square(dictionary, LAYOUT.name)
    _check_layers(dictionary)
    if len(set(dictionary.n_features)) > 1:
        counts = ", ".join(map(str, dictionary.n_features))
        raise cannot_hold(
            dictionary, LAYOUT.name, "one number of features for all layers", f"has {counts}"
        )
    if dictionary.kind == "clt":
        check_no_skip(dictionary, f"a {LAYOUT.name} CLT")
        check_activations(dictionary, f"a {LAYOUT.name} CLT", ("relu", "jumprelu", "batchtopk"))
        check_targets(dictionary, LAYOUT.name)
    _check_one_activation(dictionary)


def _check_layers(dictionary: Dictionary) -> None:
    for names in (dictionary.reads, dictionary.writes):
        expected = [f"blocks.{i}.{_hook(names)}" for i in range(len(names))]
        if [hook_name(name) for name in names] != expected:
            raise cannot_hold(
                dictionary,
                LAYOUT.name,
                "every layer from 0 on, with one hook for all",
                f"has {', '.join(names)}",
            )


def _check_one_activation(dictionary: Dictionary) -> None:
    kept_in = {_k(encoder) for encoder in dictionary.encoders}
    if len(kept_in) > 1:
        raise cannot_hold(
            dictionary,
            LAYOUT.name,
            "one activation function and k for all layers",
            "has several",
        )


def write(dictionary: Dictionary, folder: Path, dtype: torch.dtype | None) -> None:
    """Write a dictionary that was checked, its matrices in a dtype or their own."""
    config = {
        "model_name": model_name(dictionary),
        "model_kind": CLT if dictionary.kind == "clt" else PLT,
        "feature_input_hook": _hook(dictionary.reads),
        "feature_output_hook": _hook(dictionary.writes),
        "scan": model_name(dictionary),
    }
    k = _k(dictionary.encoders[0])
    if k is not None:
        config |= {"activation": "topk", "k": k}
    text = yaml.safe_dump(config | note(dictionary), sort_keys=False)
    (folder / CONFIG).write_text(text, encoding="utf-8")
    for layer in range(len(dictionary.reads)):
        if dictionary.kind == "clt":
            _write_cross_layer(dictionary, layer, folder, dtype)
        else:
            tensors = _layer(dictionary, layer, dtype)
            write_safetensors(folder / f"layer_{layer}.safetensors", tensors)


def _hook(names: tuple[str, ...]) -> str:
    """The hook of every layer, without its block, by the first of the sites."""
    return hook_name(names[0]).removeprefix("blocks.0.")


def _k(encoder: Encoder) -> int | None:
    return kept(encoder) if encoder.activation.kind == "topk" else None


def _jumps(dictionary: Dictionary) -> bool:
    """Whether thresholds are written: for all layers or none, so that one ReLU layer has zeros."""
    return any(encoder.activation.threshold is not None for encoder in dictionary.encoders)


def _layer(dictionary: Dictionary, layer: int, dtype: torch.dtype | None) -> dict[str, Tensor]:
    encoder, skip = dictionary.encoders[layer], dictionary.skips[layer]
    tensors = {
        "W_enc": matrix(encoder.weight, dtype),
        "W_dec": matrix(dictionary.decoders[layer].weight[:, 0], dtype),
        "b_enc": vector(encoder.bias),
        "b_dec": vector(dictionary.biases[layer]),
    }
    if _jumps(dictionary):
        tensors["activation_function.threshold"] = vector(thresholds(encoder))
    k = _k(encoder)
    if k is not None:
        tensors["k"] = torch.tensor(k)
    if skip is not None:
        tensors["W_skip"] = matrix(skip.T, dtype)
    return tensors


def _write_cross_layer(
    dictionary: Dictionary, layer: int, folder: Path, dtype: torch.dtype | None
) -> None:
    encoder = dictionary.encoders[layer]
    tensors = {
        f"W_enc_{layer}": matrix(encoder.weight, dtype),
        f"b_enc_{layer}": vector(encoder.bias),
        f"b_dec_{layer}": vector(dictionary.biases[layer]),
    }
    if _jumps(dictionary):
        tensors[f"threshold_{layer}"] = vector(thresholds(encoder))
    write_safetensors(folder / f"W_enc_{layer}.safetensors", tensors)
    decoder = {f"W_dec_{layer}": matrix(dictionary.decoders[layer].weight, dtype)}
    write_safetensors(folder / f"W_dec_{layer}.safetensors", decoder)
