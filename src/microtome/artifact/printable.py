"""Text to be read: as UTF-8, whatever bytes the name of a file has, and of a length to be read."""

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


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign, the minus as wide as the plus, and no minus at zero."""
    return f"{value:+z.{digits}f}".replace("-", "−")


def shortened(text: str, length: int = 80) -> str:
    """The beginning and the end of a longer text, which somebody gave and a sentence names."""
    if len(text) <= length:
        return text
    return f"{text[: length // 2]} … {text[-(length // 2) :]}"
