"""Refusing by name what a format cannot hold."""

import re
from collections.abc import Sequence
from itertools import pairwise

from microtome.dictionary.activation import ActivationKind
from microtome.dictionary.dictionary import Dictionary
from microtome.dictionary.formats.layers import layer_of_site
from microtome.errors import MicrotomeError

_KINDS = {
    "sae": ("SAEs", "an SAE"),
    "plt": ("transcoders (PLTs)", "a transcoder (PLT)"),
    "clt": ("cross-layer transcoders (CLTs)", "a cross-layer transcoder (CLT)"),
    "crosscoder": ("crosscoders", "a crosscoder"),
}
_ACTIVATIONS: dict[ActivationKind, str] = {
    "relu": "ReLU",
    "jumprelu": "JumpReLU",
    "topk": "TopK",
    "batchtopk": "BatchTopK",
}
_FOLDER = re.compile(r"[\w.-]+")


def cannot_hold(dictionary: Dictionary, tool: str, holds: str, this: str) -> MicrotomeError:
    """The sentence for a dictionary that a format has no place for."""
    return MicrotomeError(
        f"{tool} holds {holds}; {dictionary.name} {this}, so choose another format, such as "
        f"microtome's own"
    )


def check_kind(dictionary: Dictionary, tool: str, kinds: Sequence[str]) -> None:
    """Refuse other kinds than a format's own.

    Raises:
        MicrotomeError: a dictionary of another kind, or one whose encoders cross over sites.
    """
    holds = " and ".join(_KINDS[kind][0] for kind in kinds)
    if dictionary.kind not in kinds:
        raise cannot_hold(dictionary, tool, f"{holds} only", f"is {_KINDS[dictionary.kind][1]}")
    plain = tuple((i,) for i in range(len(dictionary.writes)))
    if dictionary.sources != plain or len(dictionary.reads) != len(plain):
        raise cannot_hold(
            dictionary, tool, f"{holds} with an encoder for each site", "has them crossed"
        )


def check_activations(dictionary: Dictionary, tool: str, kinds: Sequence[ActivationKind]) -> None:
    """Refuse other activation functions than a format's own."""
    for encoder in dictionary.encoders:
        if encoder.activation.kind not in kinds:
            holds = " and ".join(_ACTIVATIONS[kind] for kind in kinds)
            this = _ACTIVATIONS[encoder.activation.kind]
            raise cannot_hold(dictionary, tool, f"{holds} dictionaries only", f"is {this}")


def check_no_skip(dictionary: Dictionary, tool: str) -> None:
    """Refuse a linear skip."""
    if any(skip is not None for skip in dictionary.skips):
        raise cannot_hold(dictionary, tool, "no linear skip", "has one")


def check_square(dictionary: Dictionary, tool: str) -> None:
    """Refuse another width at the sites written than at those read."""
    if dictionary.d_in != dictionary.d_out:
        raise cannot_hold(
            dictionary,
            tool,
            "one width for what is read and written",
            f"reads {dictionary.d_in} and writes {dictionary.d_out}",
        )


def check_targets(dictionary: Dictionary, tool: str) -> None:
    """Refuse a CLT whose features do not write to their own and every later layer."""
    n = len(dictionary.writes)
    for i, decoder in enumerate(dictionary.decoders):
        if decoder.targets != tuple(range(i, n)):
            raise cannot_hold(
                dictionary,
                tool,
                "CLTs whose features write to their own and every later layer",
                f"writes from {dictionary.reads[i]} to {len(decoder.targets)} of {n - i}",
            )


def check_order(dictionary: Dictionary, tool: str, reads: Sequence[str]) -> None:
    """Refuse sites that would come back in another order, which would rename every feature, or
    whose names cannot be those of folders, such as one that leads out of the output.

    Args:
        dictionary: what is to be written, a folder for each site.
        tool: the format's name.
        reads: the sites that it reads, by the names that they will be read back with.
    """
    if len(reads) == 1:
        return
    for name in reads:
        if not _FOLDER.fullmatch(name):
            raise cannot_hold(
                dictionary, tool, "folders named after sites", f"has a site named {name!r}"
            )
    layers = [layer_of_site(name) for name in reads]
    places = [(layer, name) for layer, name in zip(layers, reads, strict=True) if layer is not None]
    if None in layers or any(one >= other for one, other in pairwise(places)):
        raise cannot_hold(
            dictionary,
            tool,
            "one site in a folder, in order of layer",
            f"reads {', '.join(reads)} in this order",
        )
