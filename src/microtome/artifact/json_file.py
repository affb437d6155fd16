"""Reading JSON that may be damaged or hostile."""

import json
import re
from pathlib import Path
from typing import Any

from microtome.artifact.readable import readable
from microtome.errors import MicrotomeError

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


def read_json_value(path: Path) -> Any:
    """Any JSON value from a file.

    Raises:
        MicrotomeError: missing, not for us to read, or malformed.
    """
    with readable(path):
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
