"""Writing SAELens 6 folders: one for each site, beside each other if there are several.

BatchTopK is written as JumpReLU, as SAELens itself exports it. b_dec is not subtracted from the
input, so weights are written as they are. Thresholds and biases are float32 whatever the matrices
are, and `dtype` says float32, because SAELens casts everything that it reads to it.
"""

import re
from pathlib import Path

import torch
from torch import Tensor

from microtome.dictionary.dictionary import Dictionary
from microtome.dictionary.formats.fold import kept, thresholds
from microtome.dictionary.formats.folder import Layout
from microtome.dictionary.formats.layers import split
from microtome.dictionary.formats.pack import matrix, vector, write_json, write_safetensors
from microtome.dictionary.formats.refuse import cannot_hold, check_kind, check_order
from microtome.dictionary.formats.saelens.read import CONFIG, MODEL, WEIGHTS
from microtome.dictionary.formats.sites import hook_name, model_name

LAYOUT = Layout(
    "saelens",
    weights=re.compile(r"([^/]+/)?sae_weights\.safetensors"),
    others=re.compile(r"([^/]+/)?(cfg\.json|sparsity\.safetensors)"),
)
_VERSION = "6.0.0"
"""The version whose configuration is written; SAELens migrates anything older."""


def check(dictionary: Dictionary) -> None:
    """Refuse by name what SAELens has no architecture for.

    Raises:
        MicrotomeError: features that cross layers, or a TopK transcoder.
    """
    check_kind(dictionary, LAYOUT.name, ("sae", "plt"))
    check_order(dictionary, LAYOUT.name, [hook_name(site) for site in dictionary.reads])
    for part in split(dictionary):
        if part.encoders[0].activation.kind == "topk" and _is_transcoder(part):
            this = "is TopK with a linear skip" if part.kind == "sae" else "is a TopK transcoder"
            raise cannot_hold(dictionary, LAYOUT.name, "TopK in SAEs without skip only", this)


def write(dictionary: Dictionary, folder: Path, dtype: torch.dtype | None) -> None:
    """Write a dictionary that was checked, its matrices in a dtype or their own."""
    parts = split(dictionary)
    for part in parts:
        place = folder if len(parts) == 1 else folder / hook_name(part.reads[0])
        place.mkdir(exist_ok=True)
        write_safetensors(place / WEIGHTS, _tensors(part, dtype))
        write_json(place / CONFIG, _config(part))


def _is_transcoder(part: Dictionary) -> bool:
    """Whether a transcoder's architecture is needed, as it is for every linear skip."""
    return part.kind == "plt" or part.skips[0] is not None


def _architecture(part: Dictionary) -> str:
    kind = part.encoders[0].activation.kind
    jump = kind in ("jumprelu", "batchtopk")
    if _is_transcoder(part):
        skip = part.skips[0] is not None
        return f"{'jumprelu_' * jump}{'skip_' * skip}transcoder"
    return "jumprelu" if jump else {"relu": "standard", "topk": "topk"}[kind]


def _tensors(part: Dictionary, dtype: torch.dtype | None) -> dict[str, Tensor]:
    (encoder,), (decoder,), (skip,) = part.encoders, part.decoders, part.skips
    tensors = {
        "W_enc": matrix(encoder.weight.T, dtype),
        "W_dec": matrix(decoder.weight[:, 0], dtype),
        "b_enc": vector(encoder.bias),
        "b_dec": vector(part.biases[0]),
    }
    if "jumprelu" in _architecture(part):
        tensors["threshold"] = vector(thresholds(encoder))
    if skip is not None:
        tensors["W_skip"] = matrix(skip.T, dtype)
    return tensors


def _config(part: Dictionary) -> dict:
    transcoder = _is_transcoder(part)
    hook = hook_name(part.reads[0])
    config = {
        "architecture": _architecture(part),
        "d_in": part.d_in,
        "d_sae": part.n_features[0],
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": False,
        "normalize_activations": "none",
        # SAELens joins the heads of attn.hook_z itself
        "reshape_activations": "hook_z" if hook.endswith("hook_z") and not transcoder else "none",
        "metadata": _metadata(part, hook),
    }
    if transcoder:
        config["d_out"] = part.d_out
        config["metadata"]["hook_name_out"] = hook_name(part.writes[0])
    (encoder,) = part.encoders
    if encoder.activation.kind == "topk":
        config |= {"k": kept(encoder), "rescale_acts_by_decoder_norm": False}
    return config


def _metadata(part: Dictionary, hook: str) -> dict:
    metadata = {
        "sae_lens_version": _VERSION,
        "sae_lens_training_version": None,
        "hook_name": hook,
        "seqpos_slice": [1, None] if part.skip_first else [None],
        "exclude_special_tokens": part.skip_special,
    }
    if name := model_name(part):
        metadata["model_name"] = name
    if part.model:
        metadata[MODEL] = part.model
    return metadata
