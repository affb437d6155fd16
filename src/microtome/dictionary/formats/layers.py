"""Layer numbers in paths and site names, and one dictionary out of one per layer."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from microtome.dictionary.dictionary import Decoder, Dictionary
from microtome.errors import MicrotomeError

_IN_PATH = re.compile(r"(?<![a-z0-9])layer_(\d+)(?!\d)")
_IN_SITE = re.compile(r"blocks\.(\d+)\.")


def layer_of_path(path: Path) -> int | None:
    """The N of the deepest `layer_N` in a path, such as `layer_12_width_16k/params.npz`."""
    # not resolve(): a downloaded file is a link into a store of blobs whose names say nothing
    for part in reversed(path.absolute().parts):
        if match := _IN_PATH.search(part):
            return int(match[1])
    return None


def layer_of_site(name: object) -> int | None:
    """The N of a site or hook in a block, such as `blocks.12.hook_resid_post`."""
    match = _IN_SITE.match(name) if isinstance(name, str) else None
    return int(match[1]) if match else None


def site(template: str, layer: int | None, path: Path) -> str:
    """The site that a template such as `blocks.{layer}.mlp.in` names for the file at a path.

    Raises:
        MicrotomeError: the layer is not known, or the template has another field.
    """
    if "{layer}" in template and layer is None:
        raise MicrotomeError(
            f"cannot tell the layer of {path}, because no part of its path is layer_N; name the "
            f"site in full instead of {template!r}"
        )
    name = template.replace("{layer}", str(layer))
    if "{" in name or "}" in name:
        raise MicrotomeError(f"site template {template!r}: the only field is {{layer}}")
    return name


def combine(parts: Sequence[Dictionary], folder: Path) -> Dictionary:
    """One dictionary of several that read and write one site each, in order of layer.

    Raises:
        MicrotomeError: SAEs beside transcoders, two of one site, or a site without a layer.
    """
    if len(parts) == 1:
        return parts[0]
    kinds = sorted({part.kind for part in parts})
    if len(kinds) > 1:
        raise MicrotomeError(
            f"{folder} holds dictionaries of different kinds ({', '.join(kinds)}); pass the folder "
            f"of one, or keep each kind in its own folder"
        )
    ordered = sorted(parts, key=lambda part: (_layer(part), part.reads[0]))
    for one, other in pairwise(ordered):
        if one.reads == other.reads:
            raise MicrotomeError(
                f"{folder} holds two dictionaries that read {one.reads[0]}: {one.name} and "
                f"{other.name}; pass the folder of one"
            )
    return Dictionary(
        reads=tuple(part.reads[0] for part in ordered),
        writes=tuple(part.writes[0] for part in ordered),
        encoders=tuple(part.encoders[0] for part in ordered),
        decoders=tuple(Decoder(part.decoders[0].weight, (i,)) for i, part in enumerate(ordered)),
        biases=tuple(part.biases[0] for part in ordered),
        skips=tuple(part.skips[0] for part in ordered),
        skip_first=all(part.skip_first for part in ordered),
        skip_special=all(part.skip_special for part in ordered),
        model=ordered[0].model if len({part.model for part in ordered}) == 1 else "",
        name=str(folder),
        info={**ordered[0].info, "parts": [part.info for part in ordered]},
    )


def split(dictionary: Dictionary) -> list[Dictionary]:
    """The inverse of `combine`: a dictionary for each site of an SAE or PLT."""
    return [
        replace(
            dictionary,
            reads=(read,),
            writes=(write,),
            encoders=(encoder,),
            decoders=(Decoder(decoder.weight, (0,)),),
            biases=(bias,),
            skips=(skip,),
            sources=(),
        )
        for read, write, encoder, decoder, bias, skip in zip(
            dictionary.reads,
            dictionary.writes,
            dictionary.encoders,
            dictionary.decoders,
            dictionary.biases,
            dictionary.skips,
            strict=True,
        )
    ]


def _layer(part: Dictionary) -> int:
    layer = layer_of_site(part.reads[0])
    if layer is None:
        raise MicrotomeError(
            f"{part.name} reads {part.reads[0]!r}, which names no layer, so it cannot be ordered "
            f"among others; sites look like blocks.3.mlp.in"
        )
    return layer
