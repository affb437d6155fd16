"""Writing sparsify's folders: one for each hookpoint, named after it.

sparsify subtracts b_dec from the input of an SAE, so its effect is added to the encoder's bias.
Modules are named as in Llama-like families (`layers.3.mlp`); in a GPT-2 they are `h.3.mlp`, so
rename the folders for it.
"""

import re
from pathlib import Path

import torch
from torch import Tensor

from microtome.dictionary.dictionary import Dictionary
from microtome.dictionary.formats.fold import kept, unfold_shift
from microtome.dictionary.formats.folder import Layout
from microtome.dictionary.formats.layers import split
from microtome.dictionary.formats.pack import matrix, vector, write_json, write_safetensors
from microtome.dictionary.formats.refuse import (
    cannot_hold,
    check_activations,
    check_kind,
    check_order,
    check_square,
)
from microtome.dictionary.formats.sites import kind_and_layer, note
from microtome.dictionary.formats.sparsify.read import CONFIG, WEIGHTS

LAYOUT = Layout(
    "sparsify",
    weights=re.compile(r"[^/]+/sae\.safetensors"),
    others=re.compile(r"[^/]+/cfg\.json"),
)
_MODULES = {
    ("resid.post", "resid.post"): "",
    ("mlp.out", "mlp.out"): ".mlp",
    ("attn.out", "attn.out"): ".self_attn",
    ("resid.pre", "resid.post"): "",
    ("mlp.in", "mlp.out"): ".mlp",
}
"""Sites read and written, as a module in a block: an SAE reads what the module puts out."""


def check(dictionary: Dictionary) -> None:
    """Refuse by name what sparsify has no place for.

    Raises:
        MicrotomeError: another activation function than TopK, features that cross layers, two
            widths, or sites that are no module's input or output.
    """
    check_activations(dictionary, LAYOUT.name, ("topk",))
    check_kind(dictionary, LAYOUT.name, ("sae", "plt"))
    check_square(dictionary, LAYOUT.name)
    check_order(dictionary, LAYOUT.name, dictionary.reads)
    for part in split(dictionary):
        hookpoint(part)


def write(dictionary: Dictionary, folder: Path, dtype: torch.dtype | None) -> None:
    """Write a dictionary that was checked, its matrices in a dtype or their own."""
    for part in split(dictionary):
        place = folder / hookpoint(part)
        place.mkdir()
        write_safetensors(place / WEIGHTS, _tensors(part, dtype))
        write_json(place / CONFIG, _config(part))


def hookpoint(part: Dictionary) -> str:
    """The module that a one-site dictionary belongs to, such as `layers.3.mlp`.

    Raises:
        MicrotomeError: its sites are no module's.
    """
    (read, layer), (written, out_layer) = map(kind_and_layer, (part.reads[0], part.writes[0]))
    module = _MODULES.get((read, written)) if layer == out_layer else None
    if module is None or layer is None:
        raise cannot_hold(
            part,
            LAYOUT.name,
            "what reads and writes a block, an MLP or an attention",
            f"reads {part.reads[0]} and writes {part.writes[0]}",
        )
    return f"layers.{layer}{module}"


def _tensors(part: Dictionary, dtype: torch.dtype | None) -> dict[str, Tensor]:
    (encoder,), (decoder,), (skip,) = part.encoders, part.decoders, part.skips
    if part.kind == "sae":
        encoder = unfold_shift(encoder, part.biases[0])
    tensors = {
        "encoder.weight": matrix(encoder.weight, dtype),
        "encoder.bias": vector(encoder.bias),
        "W_dec": matrix(decoder.weight[:, 0], dtype),
        "b_dec": vector(part.biases[0]),
    }
    if skip is not None:
        tensors["W_skip"] = matrix(skip.T, dtype)
    return tensors


def _config(part: Dictionary) -> dict:
    config = {
        "activation": "topk",
        "expansion_factor": 32,  # has no effect where the number of features is given
        "normalize_decoder": False,
        "num_latents": part.n_features[0],
        "k": kept(part.encoders[0]),
        "multi_topk": False,
        "skip_connection": part.skips[0] is not None,
        "transcode": part.kind == "plt",
        "d_in": part.d_in,
    }
    return config | note(part)
