"""The codes of one forward pass, in rows and in order of feature."""

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.dictionary import Activation, Codes, Dictionary, Encoder
from microtome.dictionary.kernels import Kernels, kernels_for
from microtome.errors import MicrotomeError

_NUMBERS_AT_ONCE = {"cpu": 2**22, "cuda": 2**27}
"""Pre-activations that are dense at one time, but for `_ROWS`."""
_ROWS = 256
"""Fewer rows at a time would make slow matrix products."""


def encode_all(
    dictionary: Dictionary, activations: dict[str, Float[Tensor, "row _"]]
) -> list[Codes]:
    """Codes of every encoder, on the CPU in float32.

    Args:
        dictionary: on the device of the activations.
        activations: by the name of the site.

    Raises:
        MicrotomeError: an activation that is not finite.
    """
    codes = []
    for sources, encoder in zip(dictionary.sources, dictionary.encoders, strict=True):
        sites = [dictionary.reads[i] for i in sources]
        for site in sites:
            if not bool(activations[site].sum().isfinite()):
                raise MicrotomeError(
                    f"activations at {site} are not finite; load the model in a wider dtype"
                )
        parts = [activations[site] for site in sites]
        x = parts[0] if len(parts) == 1 else torch.cat(parts, -1)
        codes.append(_encode(encoder, x))
    return codes


def _encode(encoder: Encoder, x: Float[Tensor, "rows d_read"]) -> Codes:
    """As `encoder.encode`, with the fastest kernels, few rows at a time: little is ever dense."""
    kernels = kernels_for(x.device.type)
    features = len(encoder.bias)
    room = _NUMBERS_AT_ONCE.get(x.device.type, 2**22)
    step = max(room // max(features, 1), _ROWS)
    # one buffer for all: between blocks of memory that come and go, small ones would stay, and
    # no later block would fit into the gaps
    buffer = x.new_empty(min(step, len(x)), features)
    parts = []
    for part in x.split(step):
        pre = torch.addmm(encoder.bias, part, encoder.weight.T, out=buffer[: len(part)])
        parts.append(_pick(encoder.activation, pre, kernels))
    return _joined(parts, features)


def _pick(activation: Activation, pre: Float[Tensor, "rows features"], kernels: Kernels) -> Codes:
    if activation.kind == "topk":
        assert activation.k is not None
        return kernels.top_k(pre, activation.k)
    if activation.kind == "relu":
        return kernels.above(pre, 0.0)
    assert activation.threshold is not None
    threshold = activation.threshold.clamp(min=0)
    return kernels.above(pre, threshold if threshold.ndim else float(threshold))


def _joined(parts: list[Codes], features: int) -> Codes:
    """The codes of consecutive rows as one, on the CPU."""
    counts = [part.offsets.diff() for part in parts]
    offsets = torch.cat([torch.zeros(1, dtype=torch.long, device=counts[0].device), *counts])
    return Codes(
        features,
        offsets.cumsum(0).cpu(),
        torch.cat([part.features for part in parts]).cpu(),
        torch.cat([part.values for part in parts]).float().cpu(),
    )
