"""Reading JSON files that may be damaged or hostile."""

import json
from pathlib import Path

from microtome.errors import MicrotomeError


def read_json(path: Path) -> dict:
    """A JSON object from a file.

    Raises:
        MicrotomeError: missing, malformed, or not an object.
    """
    if not path.is_file():
        raise MicrotomeError(f"{path} does not exist")
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise MicrotomeError(f"{path} is not readable as JSON: {error}") from error
    if not isinstance(value, dict):
        raise MicrotomeError(f"{path} holds a {type(value).__name__}, expected a JSON object")
    return value
