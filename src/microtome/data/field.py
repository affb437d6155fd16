"""The field of a record that holds its text."""

from collections.abc import Iterable
from difflib import get_close_matches

from microtome.errors import MicrotomeError


def text_of(value: object, field: str, where: str) -> str:
    """The value of a text field, refused with the place where it stands unless it is text.

    Raises:
        MicrotomeError: null, or another type.
    """
    if isinstance(value, str):
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
