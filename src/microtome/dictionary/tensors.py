"""Reading files of tensors whose maker we do not know."""

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from microtome.errors import MicrotomeError

_NPZ_ERRORS = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    MemoryError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What NumPy and zipfile raise on files that are not what they say."""


class TensorFile(Mapping[str, Tensor]):
    """The tensors of one safetensors file, memory-mapped: bytes are read when they are used.

    Raises:
        MicrotomeError: the file is missing, truncated or malformed, or a tensor is not in it.
    """

    def __init__(self, path: Path):
        self.path = path
        if not path.is_file():
            raise MicrotomeError(f"{path} does not exist")
        self._tensors = self._read()

    def _read(self) -> dict[str, Tensor]:
        try:
            with safe_open(self.path, "pt") as file:
                return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, ValueError) as error:
            raise MicrotomeError(
                f"{self.path} is truncated or not a safetensors file ({error}); fetch or make it "
                f"again"
            ) from error

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._tensors:
            found = ", ".join(sorted(self._tensors)) or "none"
            raise MicrotomeError(f"{self.path} has no tensor {name!r}; it has {found}")
        return self._tensors[name]

    def get(self, name: str, default: Tensor | None = None) -> Tensor | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._tensors.get(name, default)

    def take(self, name: str, axes: str, sizes: dict[str, int]) -> Tensor:
        """A tensor of real numbers, its shape checked.

        Args:
            name: of the tensor.
            axes: names of its axes, such as "features d_in".
            sizes: size of every axis known so far; names met for the first time are added.

        Raises:
            MicrotomeError: no such tensor, not floating point, or of another shape.
        """
        tensor = self[name]
        if not tensor.is_floating_point():
            raise MicrotomeError(
                f"{self.path}: tensor {name!r} is {tensor.dtype}, expected floating point numbers; "
                f"fetch or make the file again"
            )
        names = axes.split()
        fits = tensor.ndim == len(names) and all(
            sizes.setdefault(axis, size) == size
            for axis, size in zip(names, tensor.shape, strict=True)
        )
        if not fits:
            expected = ", ".join(
                f"{axis}={sizes[axis]}" if axis in sizes else axis for axis in names
            )
            raise MicrotomeError(
                f"{self.path}: tensor {name!r} has shape {tuple(tensor.shape)}, expected "
                f"({expected}); the file does not fit its format, so fetch or make it again"
            )
        return tensor

    def __contains__(self, name: object) -> bool:
        return name in self._tensors

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


class NpzFile(TensorFile):
    """The arrays of one NumPy .npz file, in its dtypes. Compressed, so read whole."""

    def _read(self) -> dict[str, Tensor]:
        try:
            # opened here, because NumPy leaves a file that it refuses open
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
        except _NPZ_ERRORS as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise MicrotomeError(
                f"{self.path} is truncated or not an npz file of plain numeric arrays ({reason}); "
                f"pickled arrays are never read, so fetch or make it again"
            ) from error
