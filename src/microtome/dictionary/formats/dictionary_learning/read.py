"""dictionary_learning's folders: `trainer_N/` with `ae.pt`, a state dict, and `config.json`.

- `AutoEncoder` (ReLU): `bias (d)`, `encoder.weight (F, d)`, `encoder.bias`, `decoder.weight
  (d, F)`; subtracts `bias` from its input.
- `AutoEncoderTopK`, `BatchTopKSAE`: `b_dec`, encoder and decoder likewise, `k` and `threshold` of
  one value; subtract `b_dec`.
- `MatryoshkaBatchTopKSAE`: `W_enc (d, F)`, `b_enc`, `W_dec (F, d)`, `b_dec`, `k`, `threshold` of
  one value; subtracts `b_dec`.
- `JumpReluAutoEncoder`: those names and `threshold (F)`; subtracts nothing.
- `GatedAutoEncoder`: `decoder_bias`, `encoder.weight`, `decoder.weight`, `r_mag`, `gate_bias`,
  `mag_bias`; subtracts `decoder_bias`.

What is subtracted is folded into the encoder's bias; gated is exactly JumpReLU. BatchTopK and
Matryoshka are used with their one threshold, TopK with its k. A ReLU dictionary's features come as
the file has them: the package scales its decoder rows to norm 1 when it loads one itself, unless
told not to, which changes no reconstruction.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from microtome.artifact.json_file import read_json
from microtome.dictionary.activation import Activation
from microtome.dictionary.dictionary import Decoder, Dictionary, Encoder
from microtome.dictionary.formats.detect import DICTIONARY_LEARNING
from microtome.dictionary.formats.fold import fold_shift, gated
from microtome.dictionary.formats.layers import layer_of_path
from microtome.dictionary.formats.sites import Note, read_note, resolve
from microtome.dictionary.tensors import TorchFile
from microtome.errors import MicrotomeError

CONFIG, WEIGHTS = DICTIONARY_LEARNING
SUBMODULES = {
    "resid_pre": "resid.pre",
    "resid_mid": "resid.mid",
    "resid_post": "resid.post",
    "mlp_in": "mlp.in",
    "mlp_out": "mlp.out",
    "attn_out": "attn.out",
}
"""What stands before `_layer_N` in `submodule_name`, as sites."""
_SUBMODULE = re.compile(r"(\w+)_layer_(\d+)")


class _Parts(NamedTuple):
    encoder: Encoder
    decoder: Tensor
    """(F, d)."""
    bias: Tensor


def load_dictionary_learning(folder: Path, reads: str | None, writes: str | None) -> Dictionary:
    """Read one trainer's dictionary; nothing in its `ae.pt` but tensors is unpickled.

    `reads` and `writes` are templates such as `blocks.{layer}.resid.post`; without them the
    configuration's `submodule_name` says the site.

    Raises:
        MicrotomeError: a class that is not read, a site that nothing names, or files that do not
            fit the format.
    """
    config = read_json(folder / CONFIG)
    trainer = config.get("trainer")
    if not isinstance(trainer, dict):
        raise MicrotomeError(f"{folder / CONFIG}: field 'trainer' is missing or no object")
    read_class = _CLASSES.get(str(trainer.get("dict_class")))
    if read_class is None:
        raise MicrotomeError(
            f"{folder / CONFIG}: trainer.dict_class is {trainer.get('dict_class')!r}, which is not "
            f"read; expected one of {', '.join(_CLASSES)}"
        )
    note = read_note(config, folder / CONFIG)
    read, write = _sites(folder, trainer, note, reads, writes)
    file = TorchFile(folder / WEIGHTS)
    parts = read_class(file, _sizes(folder, trainer), trainer)
    found = Dictionary(
        reads=(read,),
        writes=(write,),
        encoders=(parts.encoder,),
        decoders=(Decoder(parts.decoder[:, None], (0,)),),
        biases=(parts.bias,),
        name=str(folder),
        info={"format": "dictionary_learning", "config": config},
    )
    return note.of(found)


def _sites(
    folder: Path, trainer: dict, note: Note, reads: str | None, writes: str | None
) -> tuple[str, str]:
    """Sites by templates, else by microtome's note, else by the submodule's name."""
    match = _SUBMODULE.fullmatch(str(trainer.get("submodule_name")))
    kind = SUBMODULES.get(match[1]) if match else None
    named = f"blocks.{match[2]}.{kind}" if match and kind else None
    layer = int(match[2]) if match else layer_of_path(folder)
    read, write = resolve((reads, writes), note, (named, named), layer, folder, sae=True)
    if read is None or write is None:
        raise MicrotomeError(
            f"{folder / CONFIG}: trainer.submodule_name is {trainer.get('submodule_name')!r}, "
            f"which names no site; pass reads, such as 'blocks.3.resid.post'"
        )
    return read, write


def _sizes(folder: Path, trainer: dict) -> dict[str, int]:
    sizes = {}
    for axis, field in (("d", "activation_dim"), ("features", "dict_size")):
        value = trainer.get(field)
        if value is None:
            continue
        if not isinstance(value, int) or value < 1:
            raise MicrotomeError(
                f"{folder / CONFIG}: trainer.{field} is {value!r}, expected a size"
            )
        sizes[axis] = value
    return sizes


def _linear(file: TorchFile, sizes: dict[str, int], bias: str, activation: Activation) -> _Parts:
    """Encoder and decoder kept as linear layers, that subtract the bias of the decoder."""
    encoder = Encoder(
        file.take("encoder.weight", "features d", sizes).float(),
        file.take("encoder.bias", "features", sizes).float(),
        activation,
    )
    decoder_bias = file.take(bias, "d", sizes).float()
    return _Parts(fold_shift(encoder, decoder_bias), _decoder(file, sizes), decoder_bias)


def _decoder(file: TorchFile, sizes: dict[str, int]) -> Tensor:
    # copied in rows, which are what is read of it
    return file.take("decoder.weight", "d features", sizes).T.contiguous()


def _standard(file: TorchFile, sizes: dict[str, int], trainer: dict) -> _Parts:
    return _linear(file, sizes, "bias", Activation("relu"))


def _topk(file: TorchFile, sizes: dict[str, int], trainer: dict) -> _Parts:
    return _linear(file, sizes, "b_dec", Activation("topk", k=_k(file, trainer)))


def _batchtopk(file: TorchFile, sizes: dict[str, int], trainer: dict) -> _Parts:
    return _linear(file, sizes, "b_dec", _one_threshold(file, sizes, trainer))


def _one_threshold(file: TorchFile, sizes: dict[str, int], trainer: dict) -> Activation:
    threshold = file.take("threshold", "", sizes).float()
    return Activation("batchtopk", k=_k(file, trainer), threshold=threshold)


def _named(file: TorchFile, sizes: dict[str, int], activation: Activation) -> _Parts:
    """Encoder and decoder kept as parameters, that subtract nothing."""
    encoder = Encoder(
        file.take("W_enc", "d features", sizes).float().T,
        file.take("b_enc", "features", sizes).float(),
        activation,
    )
    bias = file.take("b_dec", "d", sizes).float()
    return _Parts(encoder, file.take("W_dec", "features d", sizes), bias)


def _matryoshka(file: TorchFile, sizes: dict[str, int], trainer: dict) -> _Parts:
    parts = _named(file, sizes, _one_threshold(file, sizes, trainer))
    return parts._replace(encoder=fold_shift(parts.encoder, parts.bias))


def _jumprelu(file: TorchFile, sizes: dict[str, int], trainer: dict) -> _Parts:
    threshold = file.take("threshold", "features", sizes).float()
    return _named(file, sizes, Activation("jumprelu", threshold=threshold))


def _gated(file: TorchFile, sizes: dict[str, int], trainer: dict) -> _Parts:
    gate, magnitude, log_ratio = (
        file.take(name, "features", sizes).float() for name in ("gate_bias", "mag_bias", "r_mag")
    )
    weight = file.take("encoder.weight", "features d", sizes).float()
    bias = file.take("decoder_bias", "d", sizes).float()
    encoder = fold_shift(gated(weight, gate, magnitude, log_ratio), bias)
    return _Parts(encoder, _decoder(file, sizes), bias)


def _k(file: TorchFile, trainer: dict) -> int:
    """Features kept per token, by the file and the configuration, which may not disagree."""
    k = file.whole_number("k")
    stated = trainer.get("k", k)
    if stated != k or k < 1:
        raise MicrotomeError(
            f"{file.path}: k is {k} in the file and {stated!r} in {CONFIG}, expected one whole "
            f"number of at least 1"
        )
    return k


_CLASSES: dict[str, Callable[[TorchFile, dict[str, int], dict], _Parts]] = {
    "AutoEncoder": _standard,
    "AutoEncoderTopK": _topk,
    "BatchTopKSAE": _batchtopk,
    "MatryoshkaBatchTopKSAE": _matryoshka,
    "JumpReluAutoEncoder": _jumprelu,
    "GatedAutoEncoder": _gated,
}
