"""Other tools' formats: told from their files when read, chosen by name when written."""

from typing import TYPE_CHECKING

from microtome.face import lazy_face

if TYPE_CHECKING:
    from microtome.dictionary.formats.load import load_dictionary
    from microtome.dictionary.formats.pack import read_dtype
    from microtome.dictionary.formats.save import FORMATS, check_destination, save_as

__all__ = ["FORMATS", "check_destination", "load_dictionary", "read_dtype", "save_as"]

lazy_face(
    __name__,
    {
        "load": "load_dictionary",
        "pack": "read_dtype",
        "save": "FORMATS check_destination save_as",
    },
)
