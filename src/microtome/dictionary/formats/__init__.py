"""Other tools' formats: told from their files when read, chosen by name when written."""

from microtome.dictionary.formats.load import load_dictionary
from microtome.dictionary.formats.pack import read_dtype
from microtome.dictionary.formats.save import FORMATS, check_destination, save_as

__all__ = ["FORMATS", "check_destination", "load_dictionary", "read_dtype", "save_as"]
