"""Text that can be written as UTF-8, whatever bytes the name of a file has."""

from typing import Any


def printable(value: Any) -> Any:
    """The value, with ? in place of what UTF-8 cannot hold in any text inside it."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [printable(one) for one in value]
    if isinstance(value, dict):
        return {printable(key): printable(one) for key, one in value.items()}
    return value
