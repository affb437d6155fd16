"""A control: features that are off, changed by as much as others were."""

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from microtome.study.addition.subject import Subject

_CANDIDATES = 8
"""Random idle features for each one wanted, of which that of nearest decoder length is taken."""


def idle_change(
    subject: Subject,
    now: Float[Tensor, " columns"],
    changed: Bool[Tensor, " columns"],
    values: Float[Tensor, " columns"],
    rng: np.random.Generator,
) -> tuple[Bool[Tensor, " columns"], Float[Tensor, " columns"]]:
    """In place of every feature that changes, a random one of its layer that is off.

    Args:
        subject: model and dictionary.
        now: activations of the prompt.
        changed: features that a change clamps.
        values: to what.
        rng: of the draw.

    Returns:
        Features and their new activations, to be clamped instead. Where a layer has too few that
        are off, some changes have no counterpart.
    """
    by = torch.where(changed, values - now, 0.0)
    mask, out = torch.zeros_like(changed), torch.zeros_like(values)
    lengths = subject.length.numpy()
    for layer in subject.layer[by != 0].unique().tolist():
        here = subject.layer == layer
        wanted = ((by != 0) & here).nonzero()[:, 0].numpy()
        off = ((now <= 0) & here & ~changed).nonzero()[:, 0].numpy()
        pool = rng.permutation(off)[: _CANDIDATES * len(wanted)]
        free = np.ones(len(pool), dtype=bool)
        for column in rng.permutation(wanted)[: len(pool)]:
            away = np.where(free, np.abs(lengths[pool] - lengths[column]), np.inf)
            taken = int(away.argmin())
            free[taken] = False
            mask[pool[taken]] = True
            out[pool[taken]] = by[column]
    return mask, out
