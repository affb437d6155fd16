"""Dictionaries: sparse encoders and decoders over named sites. Knows no model: tensors in,
codes out."""

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
