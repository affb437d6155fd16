"""Dictionaries: sparse encoders and decoders over named sites. Knows no model: tensors in,
codes out."""

from typing import TYPE_CHECKING

from microtome.face import lazy_face

if TYPE_CHECKING:
    from microtome.dictionary.activation import Activation
    from microtome.dictionary.codes import Codes
    from microtome.dictionary.dictionary import Decoder, Dictionary, Encoder
    from microtome.dictionary.formats import load_dictionary, save_as
    from microtome.dictionary.native import save_dictionary

__all__ = [
    "Activation",
    "Codes",
    "Decoder",
    "Dictionary",
    "Encoder",
    "load_dictionary",
    "save_as",
    "save_dictionary",
]

lazy_face(
    __name__,
    {
        "activation": "Activation",
        "codes": "Codes",
        "dictionary": "Decoder Dictionary Encoder",
        "formats": "load_dictionary save_as",
        "native": "save_dictionary",
    },
)
