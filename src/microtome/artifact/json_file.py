"""Reading JSON that may be damaged or hostile."""

import json
import re
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from microtome.artifact.readable import readable
from microtome.errors import MicrotomeError

Form = TypeVar("Form", bound=BaseModel)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_json(path: Path) -> dict:
    """A JSON object from a file.

    Raises:
        MicrotomeError: missing, not for us to read, malformed, or not an object.
    """
    value = read_json_value(path)
    if not isinstance(value, dict):
        raise MicrotomeError(f"{path} holds a {type(value).__name__}, expected a JSON object")
    return value


def read_as(path: Path, form: type[Form], then: str) -> Form:
    """What a JSON file holds, checked.

    Args:
        path: of the file.
        form: that it must have.
        then: what to do about a file that has it not, for the message.

    Raises:
        MicrotomeError: no readable JSON, or a field that cannot be: names it.
    """
    try:
        return form.model_validate(read_json(path))
    except ValidationError as error:
        raise MicrotomeError(f"{path}: {wrong_field(error)}; {then}") from error


def wrong_field(error: ValidationError) -> str:
    """The first field that cannot be, and why."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    said = first["msg"].removeprefix("Value error, ")
    return f"{place}: {said}" if place else said


def read_json_value(path: Path) -> Any:
    """Any JSON value from a file.

    Raises:
        MicrotomeError: missing, not for us to read, or malformed.
    """
    with readable(path):
        if path.is_dir():
            raise MicrotomeError(f"{path} is a folder, not a file")
        if not path.is_file():
            raise MicrotomeError(f"{path} does not exist")
        data = path.read_bytes()
    try:
        return parse_json(data)
    except (ValueError, RecursionError) as error:
        raise MicrotomeError(f"{path} is not readable as JSON: {error}") from error


def parse_json(data: bytes) -> Any:
    """A JSON value; NaN and infinite numbers are let through.

    Raises:
        ValueError: not JSON, or text in it that UTF-8 cannot hold.
        RecursionError: nested too deeply.
    """
    text = data.decode("utf-8")
    value = json.loads(text)
    if _SURROGATE.search(text):
        json.dumps(value, ensure_ascii=False).encode()
    return value
