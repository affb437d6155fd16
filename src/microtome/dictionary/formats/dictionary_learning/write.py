"""Writing dictionary_learning's folders: `trainer_0/`, for several sites in a folder of each.

Its classes subtract b_dec from the input, all but JumpReLU's; what that would change is added to
the encoder's bias. A BatchTopK dictionary whose k is not known, or with a threshold for each
feature, is written as the JumpReLU dictionary that it is in use.
"""

import re
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from microtome.dictionary.dictionary import Dictionary
from microtome.dictionary.formats.dictionary_learning.read import CONFIG, SUBMODULES, WEIGHTS
from microtome.dictionary.formats.fold import kept, thresholds, unfold_shift
from microtome.dictionary.formats.folder import Layout
from microtome.dictionary.formats.layers import split
from microtome.dictionary.formats.pack import matrix, vector, write_json
from microtome.dictionary.formats.refuse import check_kind, check_no_skip, check_order
from microtome.dictionary.formats.sites import kind_and_layer, model_name, note

LAYOUT = Layout(
    "dictionary_learning",
    weights=re.compile(r"([^/]+/)?trainer_\d+/ae\.pt"),
    others=re.compile(r"([^/]+/)?trainer_\d+/config\.json"),
)
_TRAINER = "trainer_0"
_KINDS = {kind: name for name, kind in SUBMODULES.items()}


class _Class(NamedTuple):
    name: str
    trainer: str
    k: int | None = None


def check(dictionary: Dictionary) -> None:
    """Refuse by name what dictionary_learning has no place for.

    Raises:
        MicrotomeError: anything but SAEs, or a linear skip.
    """
    check_kind(dictionary, LAYOUT.name, ("sae",))
    check_no_skip(dictionary, LAYOUT.name)
    check_order(dictionary, LAYOUT.name, dictionary.reads)


def write(dictionary: Dictionary, folder: Path, dtype: torch.dtype | None) -> None:
    """Write a dictionary that was checked, its matrices in a dtype or their own."""
    parts = split(dictionary)
    for part in parts:
        place = (folder if len(parts) == 1 else folder / _submodule(part)) / _TRAINER
        place.mkdir(parents=True)
        kind = _class(part)
        # a view would be saved with all the memory that it is a view of
        tensors = {name: t.clone() for name, t in _tensors(part, kind, dtype).items()}
        torch.save(tensors, place / WEIGHTS)
        write_json(place / CONFIG, _config(part, kind))


def _class(part: Dictionary) -> _Class:
    (encoder,) = part.encoders
    activation = encoder.activation
    if activation.kind == "relu":
        return _Class("AutoEncoder", "StandardTrainer")
    if activation.kind == "topk":
        return _Class("AutoEncoderTopK", "TopKTrainer", kept(encoder))
    one = activation.threshold is not None and activation.threshold.numel() == 1
    if activation.kind == "batchtopk" and one and activation.k:
        return _Class("BatchTopKSAE", "BatchTopKTrainer", kept(encoder))
    return _Class("JumpReluAutoEncoder", "JumpReluTrainer")


def _tensors(part: Dictionary, kind: _Class, dtype: torch.dtype | None) -> dict[str, Tensor]:
    (encoder,), (decoder,), (bias,) = part.encoders, part.decoders, part.biases
    if kind.name == "JumpReluAutoEncoder":
        return {
            "W_enc": matrix(encoder.weight.T, dtype),
            "b_enc": vector(encoder.bias),
            "W_dec": matrix(decoder.weight[:, 0], dtype),
            "b_dec": vector(bias),
            "threshold": vector(thresholds(encoder)),
        }
    shifted = unfold_shift(encoder, bias)
    tensors = {
        "bias" if kind.k is None else "b_dec": vector(bias),
        "encoder.weight": matrix(shifted.weight, dtype),
        "encoder.bias": vector(shifted.bias),
        "decoder.weight": matrix(decoder.weight[:, 0].T, dtype),
    }
    if kind.k is not None:
        threshold = encoder.activation.threshold
        tensors["k"] = torch.tensor(kind.k, dtype=torch.int32)
        # -1 is the package's own mark for a threshold that was never set
        tensors["threshold"] = torch.tensor(-1.0 if threshold is None else float(threshold))
    return tensors


def _submodule(part: Dictionary) -> str:
    """The package's name for a site, such as `resid_post_layer_3`, or the site's own."""
    kind, layer = kind_and_layer(part.reads[0])
    return f"{_KINDS[kind]}_layer_{layer}" if kind in _KINDS else part.reads[0]


def _config(part: Dictionary, kind: _Class) -> dict:
    trainer = {
        "trainer_class": kind.trainer,
        "dict_class": kind.name,
        "activation_dim": part.d_in,
        "dict_size": part.n_features[0],
        "layer": kind_and_layer(part.reads[0])[1],
        "lm_name": model_name(part),
        "submodule_name": _submodule(part),
    }
    if kind.k is not None:
        trainer["k"] = kind.k
    return {"trainer": trainer, "buffer": {}} | note(part)
