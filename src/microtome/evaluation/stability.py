"""Stability: how many features of one dictionary another one (another seed) has found too."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.evaluation.result import Stability

TWIN = 0.7
"""Two features are twins where their decoders' cosine is above this (Paulo and Belrose 2025,
"Sparse Autoencoders Trained on the Same Data Learn Different Features")."""

_CHUNK = 2048


def twins(
    ours: Dictionary,
    other: Dictionary,
    threshold: float = TWIN,
    alive: Sequence[Bool[Tensor, " features"]] | None = None,
) -> Stability:
    """The share of features whose decoder has a twin in another dictionary, encoder by encoder.

    A feature's decoder vectors over all the sites that it writes are one vector. The share is of
    OUR features; the other way round it may be another.

    Args:
        ours: whose features are counted.
        other: where twins are sought.
        threshold: cosine above which two features are twins.
        alive: by encoder, the features to count; a dead feature has nothing to be found again.

    Raises:
        MicrotomeError: the two do not write the same sites.
    """
    if not comparable(ours, other):
        raise MicrotomeError(
            f"{ours.name} and {other.name} do not write the same sites from the same number of "
            f"encoders, so their features have no twins"
        )
    shares, cosines, n = [], [], 0
    for e, (a, b) in enumerate(zip(ours.decoders, other.decoders, strict=True)):
        best = nearest(a.weight.flatten(1), b.weight.flatten(1))[0]
        kept = best if alive is None else best[alive[e].to(best.device)]
        n += len(kept)
        shares.append(float((kept > threshold).double().mean()) if len(kept) else 0.0)
        cosines.append(float(kept.double().mean()) if len(kept) else 0.0)
    return Stability(other.name, tuple(shares), tuple(cosines), threshold, n)


def comparable(ours: Dictionary, other: Dictionary) -> bool:
    """Whether features of two dictionaries write the same sites, encoder by encoder."""
    return (
        ours.writes == other.writes
        and ours.d_out == other.d_out
        and [d.targets for d in ours.decoders] == [d.targets for d in other.decoders]
    )


def nearest(
    ours: Float[Tensor, "features d"], other: Float[Tensor, "others d"]
) -> tuple[Float[Tensor, " features"], Tensor]:
    """Largest cosine of each vector with any of the others, and which one it is."""
    them = torch.nn.functional.normalize(other.float(), dim=-1)
    parts = []
    for rows in ours.split(_CHUNK):
        cosine = torch.nn.functional.normalize(rows.float(), dim=-1) @ them.T
        parts.append(cosine.max(-1))
    return torch.cat([p.values for p in parts]), torch.cat([p.indices for p in parts])
