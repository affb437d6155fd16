"""Putting tensors into files: dtypes, memory that is shared, text."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from microtome.errors import MicrotomeError

_DTYPES = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}
"""What weight matrices can be written as, by the name used in commands."""


def read_dtype(name: str | None) -> torch.dtype | None:
    """The dtype of a name; none for none, which keeps every matrix in its own.

    Raises:
        MicrotomeError: another name than float32, float16 or bfloat16.
    """
    if name is None:
        return None
    if name not in _DTYPES:
        raise MicrotomeError(f"unknown dtype {name!r}; known: {', '.join(_DTYPES)}")
    return _DTYPES[name]


def matrix(tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    """A weight matrix as it is written; in its own dtype where none is asked for.

    Raises:
        MicrotomeError: values too large for the dtype.
    """
    written = tensor.detach().to("cpu", dtype or tensor.dtype).contiguous()
    if dtype == torch.float16 and not written.isfinite().all():
        raise MicrotomeError(
            f"a weight as large as {tensor.abs().max().item():.3g} does not fit float16, whose "
            f"largest number is 65504; choose bfloat16 or float32"
        )
    return written


def vector(tensor: Tensor) -> Tensor:
    """A bias or threshold as it is written: float32, because half precision rounds it away."""
    return tensor.detach().to("cpu", torch.float32).contiguous()


def write_safetensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors, those that share memory (tied weights) as copies, which safetensors needs."""
    seen: set[int] = set()
    apart: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        memory = tensor.untyped_storage().data_ptr()
        apart[name] = tensor.clone() if memory in seen else tensor
        seen.add(memory)
    save_file(apart, path)


def write_json(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
