"""Reading safetensors files whose maker we do not know."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from microtome.errors import MicrotomeError


class TensorFile(Mapping[str, Tensor]):
    """The tensors of one safetensors file, memory-mapped: bytes are read when they are used.

    Raises:
        MicrotomeError: the file is missing, truncated or malformed, or a tensor is not in it.
    """

    def __init__(self, path: Path):
        self.path = path
        if not path.is_file():
            raise MicrotomeError(f"{path} does not exist")
        try:
            with safe_open(path, "pt") as file:
                self._tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, ValueError) as error:
            raise MicrotomeError(
                f"{path} is truncated or not a safetensors file ({error}); fetch or make it again"
            ) from error

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._tensors:
            found = ", ".join(sorted(self._tensors)) or "none"
            raise MicrotomeError(f"{self.path} has no tensor {name!r}; it has {found}")
        return self._tensors[name]

    def get(self, name: str, default: Tensor | None = None) -> Tensor | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self[name] if name in self else default

    def __contains__(self, name: object) -> bool:
        return name in self._tensors

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


def read_json(path: Path) -> dict:
    """A JSON object from a file.

    Raises:
        MicrotomeError: missing, malformed, or not an object.
    """
    if not path.is_file():
        raise MicrotomeError(f"{path} does not exist")
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise MicrotomeError(f"{path} is not readable as JSON: {error}") from error
    if not isinstance(value, dict):
        raise MicrotomeError(f"{path} holds a {type(value).__name__}, expected a JSON object")
    return value
