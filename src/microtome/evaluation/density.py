"""How often features fire: densities, dead and dense features."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.dictionary import Codes

DENSE = 0.1
"""A feature that fires on a larger share of tokens is called dense."""

_LOWEST = -7


@dataclass(frozen=True)
class Firing:
    """Tokens on which each feature of one encoder was active; parts of a run add up."""

    tokens: int
    counts: Int[Tensor, " features"]

    @staticmethod
    def of(codes: Codes) -> "Firing":
        counts = torch.bincount(codes.features, minlength=codes.n_features)
        return Firing(codes.n_rows, counts.cpu())

    @staticmethod
    def merged(parts: Iterable["Firing"]) -> "Firing":
        parts = list(parts)
        counts = torch.stack([part.counts for part in parts]).sum(0)
        return Firing(sum(part.tokens for part in parts), counts)

    @property
    def density(self) -> Float[Tensor, " features"]:
        """Share of tokens on which each feature fires."""
        return self.counts.double() / max(self.tokens, 1)


@dataclass(frozen=True)
class Density:
    """Densities of one encoder's features."""

    site: str
    """The site (or sites) that the encoder reads."""
    tokens: int
    features: int
    l0: float
    """Active features per token: the sum of all densities."""
    dead: int
    """Features that never fired on these tokens; more tokens would wake some."""
    dense: int
    """Features that fired on more than 10% of tokens."""
    over_1_percent: float
    """Share of features that fired on more than 1% of tokens."""
    firing_over_1_percent: float
    """Share of all firing that those features do."""
    firing_over_10_percent: float
    """Share of all firing that dense features do."""
    edges: tuple[float, ...]
    """Edges of the histogram, log10 of density."""
    histogram: tuple[int, ...]
    """Features by log10 density; dead ones are in no bin."""
    density: tuple[float, ...]
    """Of every feature."""


def summarise_density(site: str, firing: Firing, bins_per_decade: int = 4) -> Density:
    """Counts, shares and the log10 histogram."""
    density, alive = firing.density, firing.counts > 0
    bins = -_LOWEST * bins_per_decade
    # a density of exactly 1 belongs to the last bin, whose upper edge is log10 1 = 0
    at = ((density[alive].log10() - _LOWEST) * bins_per_decade).long().clamp(0, bins - 1)
    histogram = torch.bincount(at, minlength=bins)
    total = float(density.sum()) or 1.0
    return Density(
        site=site,
        tokens=firing.tokens,
        features=len(density),
        l0=float(density.sum()),
        dead=int((~alive).sum()),
        dense=int((density > DENSE).sum()),
        over_1_percent=float((density > 0.01).double().mean()),
        firing_over_1_percent=float(density[density > 0.01].sum()) / total,
        firing_over_10_percent=float(density[density > DENSE].sum()) / total,
        edges=tuple(_LOWEST + i / bins_per_decade for i in range(bins + 1)),
        histogram=tuple(histogram.tolist()),
        density=tuple(density.tolist()),
    )
