"""Fingerprints: short identities of weights and files, cheap enough for large models."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_SAMPLES = 256
_WHOLE_FILE = 64 << 20
_BLOCK = 64 << 10


def fingerprint_tensors(tensors: "Mapping[str, Tensor]") -> str:
    """Identity of named tensors from their names, shapes and 256 evenly spaced values each.

    Values are taken as float32, so a model in float64 has the fingerprint of its float32 self.
    """
    import torch  # takes long, and files need none of it

    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach()
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        step = max(tensor.numel() // _SAMPLES, 1)
        at = torch.arange(0, tensor.numel(), step, device=tensor.device)
        index = torch.unravel_index(at, tensor.shape)  # a view is sampled without copying it whole
        sample = tensor[index].to("cpu", torch.float32)
        digest.update(sample.contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def fingerprint_file(path: Path) -> str:
    """Identity of a file: SHA-256 of all of it up to 64 MiB, of 256 spread blocks beyond."""
    digest = hashlib.sha256()
    size = path.stat().st_size
    digest.update(str(size).encode())
    with path.open("rb") as file:
        if size <= _WHOLE_FILE:
            digest.update(file.read())
        else:
            for i in range(_SAMPLES):
                file.seek((size - _BLOCK) * i // (_SAMPLES - 1))
                digest.update(file.read(_BLOCK))
    return digest.hexdigest()[:16]
