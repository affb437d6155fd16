"""How features are written: L3/127 where every encoder reads another layer, 3/127 elsewhere."""

import re

from microtome.artifact.printable import shortened
from microtome.atlas.schema import AtlasContent, EncoderContent
from microtome.errors import MicrotomeError

_NAME = re.compile(r"\s*(?:([Ll]?)\s*(\d+)\s*/\s*)?(\d+)\s*")
_LONGEST = 80

Feature = tuple[int, int]
"""Encoder and feature."""


def named_by_layer(encoders: list[EncoderContent]) -> bool:
    layers = [encoder.layer for encoder in encoders]
    return len(set(layers)) == len(layers) and min(layers) >= 0


def feature_name(encoders: list[EncoderContent], encoder: int, feature: int) -> str:
    if named_by_layer(encoders):
        return f"L{encoders[encoder].layer}/{feature}"
    return f"{encoder}/{feature}"


def parse_name(content: AtlasContent, text: str) -> Feature:
    """Encoder and feature behind a name: `L3/127` counts layers, `3/127` encoders; `127` will do
    where there is one encoder.

    Raises:
        MicrotomeError: not a name, or no such feature; says which there are.
    """
    return parse_encoders(content.encoders, text)


def parse_encoders(encoders: list[EncoderContent], text: str, of: str = "the atlas") -> Feature:
    """The same of any encoders, with an atlas or without."""
    example = feature_name(encoders, len(encoders) - 1, 0)
    match = _NAME.fullmatch(text)
    if not match:
        raise MicrotomeError(f"{shortened(text)!r} is not a feature's name; write it as {example}")
    if len(text) > _LONGEST:  # Python refuses to read numbers of thousands of digits
        raise MicrotomeError(f"there is no feature {shortened(text.strip())}; numbers are shorter")
    by_layer, group, feature = match[1], match[2], int(match[3])
    if group is None:
        if len(encoders) > 1:
            raise MicrotomeError(
                f"feature {text.strip()} is in which of {len(encoders)} encoders? Write it as "
                f"{example}"
            )
        encoder = 0
    elif by_layer:
        encoder = _at_layer(encoders, int(group), of)
    else:
        encoder = int(group)
    if encoder >= len(encoders):
        raise MicrotomeError(f"there is no encoder {encoder}; {of} has 0 to {len(encoders) - 1}")
    if feature >= encoders[encoder].features:
        raise MicrotomeError(
            f"there is no feature {text.strip()}; that encoder has 0 to "
            f"{encoders[encoder].features - 1}"
        )
    return encoder, feature


def _at_layer(encoders: list[EncoderContent], layer: int, of: str) -> int:
    found = [i for i, encoder in enumerate(encoders) if encoder.layer == layer]
    if not found:
        layers = ", ".join(str(n) for n in sorted({e.layer for e in encoders}))
        raise MicrotomeError(f"no encoder of {of} reads layer {layer}; those read are {layers}")
    if len(found) > 1:
        raise MicrotomeError(
            f"encoders {', '.join(map(str, found))} all read layer {layer}; write the encoder's "
            f"number instead of L{layer}"
        )
    return found[0]
