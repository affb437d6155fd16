"""Reading files of tensors whose maker we do not know."""

import re
import warnings
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

_REALS = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
_INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
_GLOBAL = re.compile(r"GLOBAL (\S+)")


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
        tensor = self.real(name)
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

    def real(self, name: str) -> Tensor:
        """A tensor of real numbers, of any shape.

        Raises:
            MicrotomeError: no such tensor, or not floating point of at least 16 bits.
        """
        tensor = self[name]
        if tensor.dtype not in _REALS:
            raise MicrotomeError(
                f"{self.path}: tensor {name!r} is {tensor.dtype}, expected floating point numbers "
                f"of at least 16 bits; fetch or make the file again"
            )
        return tensor

    def whole_number(self, name: str) -> int:
        """The value of a tensor that holds one whole number.

        Raises:
            MicrotomeError: no such tensor, not an integer, or not one.
        """
        tensor = self[name]
        if tensor.numel() != 1 or tensor.dtype not in _INTEGERS:
            raise MicrotomeError(
                f"{self.path}: tensor {name!r} is {tensor.dtype} of shape {tuple(tensor.shape)}, "
                f"expected one whole number; fetch or make the file again"
            )
        return int(tensor)

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


class TorchFile(TensorFile):
    """The tensors of one PyTorch .pt file that holds a state dict, memory-mapped if it is a zip.

    A .pt file is a pickle, which can name any function to call. Only tensors are unpickled, by
    torch's own restricted reader; a file that names anything else is refused and nothing of it
    runs.
    """

    def _read(self) -> dict[str, Tensor]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of pickle's version: what follows decides
                state = torch.load(
                    self.path,
                    map_location="cpu",
                    weights_only=True,
                    mmap=zipfile.is_zipfile(self.path),
                )
        except Exception as error:  # a hostile pickle can make the reader raise anything
            named = _GLOBAL.search(str(error))
            reason = f"it names {named[1]}" if named else type(error).__name__
            raise MicrotomeError(
                f"{self.path} is damaged or holds more than tensors ({reason}); code in a .pt "
                f"file is never run, so fetch or make one that is a plain state dict"
            ) from error
        if not isinstance(state, dict):
            raise MicrotomeError(
                f"{self.path} holds a {type(state).__name__}, expected a state dict of tensors"
            )
        for name, value in state.items():
            if not isinstance(name, str) or not _is_plain(value):
                raise MicrotomeError(
                    f"{self.path}: entry {name!r} is a {type(value).__name__} that is not a plain "
                    f"tensor; fetch or make one that is a state dict of plain tensors"
                )
        return {name: value.detach() for name, value in state.items()}


def _is_plain(value: object) -> bool:
    """Whether a value is a dense tensor whose numbers are all in the file.

    A few bytes can be a view that unfolds to terabytes when it is converted.
    """
    return (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and not value.is_quantized
        and value.numel() * value.element_size() <= value.untyped_storage().nbytes()
    )
