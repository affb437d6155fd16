"""The field of a record that holds its text."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from microtome.errors import MicrotomeError

_HALF = re.compile("[\ud800-\udfff]")


def text_of(value: object, field: str, where: str) -> str:
    """The value of a text field, refused with the place where it stands unless it is text.

    Raises:
        MicrotomeError: null, another type, or characters that are none.
    """
    if isinstance(value, str):
        if not value.isascii() and _HALF.search(value):
            raise MicrotomeError(
                f"{where}: field {field!r} holds half of a surrogate pair, which is no character; "
                f"write the text as UTF-8 again"
            )
        return value
    found = "is null" if value is None else f"holds {type(value).__name__}"
    raise MicrotomeError(f"{where}: field {field!r} {found}, expected a text")


def no_field(field: str, known: Iterable[str], where: str) -> MicrotomeError:
    """The refusal of a field that is not there; it names the nearest one, or all."""
    names = [str(name) for name in known]
    near = get_close_matches(field, names, 1)
    if near:
        hint = f"did you mean {near[0]!r}?"
    else:
        hint = f"it has {', '.join(map(repr, names)) or 'no fields'}; name one as the field"
    return MicrotomeError(f"{where} has no field {field!r}: {hint}")
