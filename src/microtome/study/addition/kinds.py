"""Which kind every feature is of, and on which path."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from microtome.study.addition.document import Kind, Path
from microtome.study.addition.sortings import SORTINGS, Half, Scored, score

MIN_FIT = 0.5
"""Below this no sorting explains a feature: it is mixed."""
MARGIN = 0.1
"""A finer sorting has to fit so much better than a simpler one to be chosen."""
ALIVE = 0.002
"""Share of pairs on which a feature has to be on to be sorted."""
MIXED = len(SORTINGS)
NAMES: tuple[Kind, ...] = (*(sorting.kind for sorting in SORTINGS), "mixed")


@dataclass(frozen=True, eq=False)
class Kinds:
    """The features of all layers at the answer's position in one guise, sorted."""

    alive: Bool[Tensor, " columns"]
    kind: Int[Tensor, " columns"]
    """Index into `NAMES`; mixed for those that are not alive."""
    fit: Float[Tensor, " columns"]
    f1: Float[Tensor, " columns"]
    density: Float[Tensor, " columns"]
    mean: Float[Tensor, " columns"]
    """Activation over all pairs."""

    def path(self, name: Path) -> Bool[Tensor, " columns"]:
        """The features of one path."""
        on = torch.tensor([*(sorting.path == name for sorting in SORTINGS), False])
        return on[self.kind] & self.alive


def sort_features(
    pairs: Int[Tensor, "pairs 2"], activation: Float[Tensor, "pairs columns"], seed: int = 0
) -> Kinds:
    """Sort features by what explains their activation over all pairs.

    Args:
        pairs: operands.
        activation: of every feature at the answer's position.
        seed: of the halves that fits are told from.
    """
    density = (activation > 0).float().mean(0)
    alive = density >= ALIVE
    half = torch.zeros(len(pairs), dtype=torch.bool)
    order = torch.randperm(len(pairs), generator=torch.Generator().manual_seed(seed))
    half[order[: len(pairs) // 2]] = True
    living = activation[:, alive]
    halves = Half.of(pairs[half], living[half]), Half.of(pairs[~half], living[~half])
    found = [score(sorting, halves) for sorting in SORTINGS]
    kind, fit, f1 = _choose(found)

    def spread(values: Tensor, empty: int) -> Tensor:
        out = torch.full((len(alive),), empty, dtype=values.dtype)
        out[alive] = values
        return out

    return Kinds(
        alive, spread(kind, MIXED), spread(fit, 0), spread(f1, 0), density, activation.mean(0)
    )


def _choose(found: list[Scored]) -> tuple[Tensor, Tensor, Tensor]:
    """Of every feature its kind, fit and F1: the simplest sorting of a path that fits nearly as
    well as the best; an exact one where no path's does; mixed where none does."""
    fits, f1s = torch.stack([s.fit for s in found]), torch.stack([s.f1 for s in found])
    exact = torch.tensor([sorting.path is None for sorting in SORTINGS])
    kind = torch.full(fits.shape[1:], MIXED)
    for group in (exact, ~exact):  # those of a path last, so that they decide
        among = torch.where(group[:, None], fits, -1.0)
        best = among.max(0).values
        nearly = (among >= best - MARGIN) & (among >= MIN_FIT)
        simplest = nearly.int().argmax(0)
        kind = torch.where(best >= MIN_FIT, simplest, kind)
    at = torch.where(kind == MIXED, fits.argmax(0), kind)[None]
    return kind, fits.gather(0, at)[0], f1s.gather(0, at)[0]


def shuffled(
    path: Bool[Tensor, " columns"],
    kinds: Kinds,
    layer: Int[Tensor, " columns"],
    strength: Float[Tensor, " columns"],
    generator: torch.Generator,
) -> Bool[Tensor, " columns"]:
    """A control: the path's labels dealt again among living features of the same layer and like
    strength. By chance some of them stay where they are."""
    out = torch.zeros_like(path)
    for number in layer.unique().tolist():
        here = (kinds.alive & (layer == number)).nonzero()[:, 0]
        ranked = here[strength[here].argsort(stable=True)]
        for stratum in ranked.split(_STRATUM):
            dealt = torch.randperm(len(stratum), generator=generator)
            out[stratum] = path[stratum][dealt]
    return out


_STRATUM = 10
"""Features of like strength among which labels are dealt."""


def others(
    path: Bool[Tensor, " columns"],
    kinds: Kinds,
    layer: Int[Tensor, " columns"],
    strength: Float[Tensor, " columns"],
    generator: torch.Generator,
) -> Bool[Tensor, " columns"]:
    """A control: living features outside the path, as many of each layer and of the nearest
    strength left, the path's features served in random order. A layer may have too few."""
    out = torch.zeros_like(path)
    for number in layer[path].unique().tolist():
        wanted = (path & (layer == number)).nonzero()[:, 0]
        free = (kinds.alive & ~path & (layer == number)).nonzero()[:, 0]
        away = (strength[free][None] - strength[wanted][:, None]).abs()
        for row in torch.randperm(len(wanted), generator=generator)[: len(free)].tolist():
            nearest = int(away[row].argmin())
            out[free[nearest]] = True
            away[:, nearest] = torch.inf
    return out


def permuted(
    activation: Float[Tensor, "pairs columns"], seed: int = 0
) -> Float[Tensor, "pairs columns"]:
    """A control: activations as they are, on other pairs."""
    order = torch.randperm(len(activation), generator=torch.Generator().manual_seed(seed + 1))
    return activation[order]
