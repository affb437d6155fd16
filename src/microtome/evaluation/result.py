"""What an evaluation found: frozen, printable, writable."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from microtome.evaluation.bootstrap import Figure
from microtome.evaluation.density import Density
from microtome.evaluation.per_feature import PerFeature
from microtome.evaluation.per_token import PerToken
from microtome.evaluation.probing import ProbeResult

Figures = Mapping[str, Figure]
"""Figures by name: see `reconstruction.RECONSTRUCTION`, `splice.SPLICE` and
`replacement.REPLACEMENT` for what each is. What is undefined (a ratio whose denominator is zero)
is absent."""


@dataclass(frozen=True)
class SiteResult:
    """Figures of one written site."""

    site: str
    figures: Figures


@dataclass(frozen=True)
class Versus:
    """A dictionary against a baseline at one site, document by document."""

    site: str
    fvu: Figure | None
    """FVU of the dictionary over that of the baseline; below 1 is better."""
    loss: Figure | None
    """Next-token loss that splicing the dictionary adds, over what the baseline adds."""
    verdict: Literal["better", "worse", "unclear"]


@dataclass(frozen=True)
class BaselineResult:
    """One baseline beside the dictionary."""

    name: str
    what: str
    sites: tuple[SiteResult, ...]
    means: Figures
    versus: tuple[Versus, ...]

    @property
    def beaten(self) -> bool:
        """Whether the dictionary is clearly better at every site."""
        return all(v.verdict == "better" for v in self.versus)


@dataclass(frozen=True)
class Stability:
    """How many features of one dictionary have a twin in another."""

    other: str
    twins: tuple[float, ...]
    """By encoder, the share of features whose decoder has a cosine above the threshold."""
    mean_cosine: tuple[float, ...]
    """By encoder, mean over features of the largest cosine."""
    threshold: float
    features: int


@dataclass(frozen=True)
class Evaluation:
    """Everything measured of one dictionary on held-out documents."""

    dictionary: str
    kind: str
    fingerprint: str
    model: str
    model_fingerprint: str
    tokens: int
    documents: int
    policy: Mapping[str, bool]
    """Which tokens were left out of every figure."""
    sites: tuple[SiteResult, ...]
    means: Figures
    """Means over sites."""
    densities: tuple[Density, ...]
    per_token: tuple[PerToken, ...]
    per_feature: tuple[PerFeature, ...] = ()
    replacement: Mapping[str, Figures] = field(default_factory=dict)
    """The whole replacement model, with "live" and "frozen" attention."""
    baselines: tuple[BaselineResult, ...] = ()
    probes: tuple[ProbeResult, ...] = ()
    stability: tuple[Stability, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """One sentence: whether the dictionary clearly beats its baselines."""
        if not self.baselines:
            return "No baseline was measured, so these figures show nothing learned."
        lost = [b for b in self.baselines if not b.beaten]
        if not lost:
            names = ", ".join(b.name for b in self.baselines)
            return f"Clearly beats every baseline at every site ({names})."
        parts = []
        for baseline in lost:
            where = [v.site for v in baseline.versus if v.verdict != "better"]
            sites = "every site" if len(where) == len(baseline.versus) > 1 else ", ".join(where)
            parts.append(f"{baseline.name} (at {sites})")
        return (
            f"Does NOT clearly beat {'; '.join(parts)}: on this evidence it has learned nothing "
            f"there that the baseline lacks."
        )
