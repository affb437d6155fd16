"""Against known truth: synthetic data whose directions are known, specimens whose concepts are."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from microtome.dictionary import Codes


@dataclass(frozen=True)
class Match:
    """A one-to-one matching of learned features and true directions."""

    mcc: float
    """Mean cosine of matched pairs, over the true directions (an unmatched one counts 0): the
    mean correlation coefficient of identifiable representation learning (Hyvarinen and Morioka
    2016), with cosines of directions."""
    uniqueness: float
    """Distinct true directions that are the nearest of some feature, over features: 1 where no
    two features stand for one direction."""
    pairs: tuple[tuple[int, int], ...]
    """(feature, direction)."""
    cosines: tuple[float, ...]
    """By pair."""


def match_directions(
    decoder: Float[Tensor, "features d"], truth: Float[Tensor, "directions d"]
) -> Match:
    """Match features to true directions so that the sum of cosines is largest (Hungarian).

    Cosines are signed: activations are positive, so a feature that points the other way has not
    found the direction.
    """
    unit = torch.nn.functional.normalize
    cosine = unit(decoder.double(), dim=-1) @ unit(truth.double(), dim=-1).T
    rows, columns = linear_sum_assignment(cosine.cpu().numpy(), maximize=True)
    found = cosine[torch.as_tensor(rows), torch.as_tensor(columns)]
    alive = decoder.norm(dim=-1) > 0
    distinct = torch.unique(cosine[alive].argmax(-1))
    return Match(
        mcc=float(found.sum()) / len(truth),
        uniqueness=len(distinct) / max(int(alive.sum()), 1),
        pairs=tuple(zip(rows.tolist(), columns.tolist(), strict=True)),
        cosines=tuple(found.tolist()),
    )


def firing_f1(
    codes: Codes, truth: Bool[Tensor, "tokens directions"], pairs: tuple[tuple[int, int], ...]
) -> Float[Tensor, " directions"]:
    """F1 of each true direction's firing as told by its matched feature being active; 0 where a
    direction has no feature."""
    out = torch.zeros(truth.shape[1], dtype=torch.float64)
    rows, features = codes.rows(), codes.features
    fired = torch.bincount(features, minlength=codes.n_features)
    for feature, direction in pairs:
        hits = int(truth[rows[features == feature], direction].sum())
        out[direction] = 2 * hits / max(int(fired[feature] + truth[:, direction].sum()), 1)
    return out


@dataclass(frozen=True)
class Coverage:
    """How well the best single feature tells each known concept."""

    mean: float
    """Mean over concepts of the best F1."""
    f1: tuple[float, ...]
    """By concept."""
    features: tuple[int, ...]
    """The best feature of each concept."""
    thresholds: tuple[float, ...]
    """Activation from which on it counts as firing, for that F1."""


def coverage(codes: Codes, concepts: Bool[Tensor, "tokens concepts"]) -> Coverage:
    """Best F1 over features and over all thresholds, concept by concept.

    Exact: a feature's own activations are the only thresholds that matter. Work is proportional
    to active entries, concept by concept.
    """
    order = torch.argsort(codes.values, descending=True, stable=True)
    order = order[torch.argsort(codes.features[order], stable=True)]
    features, values, rows = codes.features[order], codes.values[order], codes.rows()[order]
    if not len(features):
        n = concepts.shape[1]
        return Coverage(0.0, (0.0,) * n, (-1,) * n, (0.0,) * n)
    place = _place_in_group(features)
    # of equal activations only the last is a threshold: it takes all of them or none
    last = torch.ones_like(features, dtype=torch.bool)
    last[:-1] = (features[1:] != features[:-1]) | (values[1:] != values[:-1])
    best = []
    for concept in range(concepts.shape[1]):
        truth = concepts[:, concept].to(rows.device)
        running = truth[rows].long().cumsum(0)
        before = running - truth[rows].long()
        hits = running - before[torch.arange(len(rows), device=rows.device) - place]
        f1 = 2 * hits.double() / (place + 1 + truth.sum()).double()
        at = int(torch.where(last, f1, -1.0).argmax())
        best.append((float(f1[at]), int(features[at]), float(values[at])))
    f1s, chosen, thresholds = zip(*best, strict=True)
    return Coverage(sum(f1s) / len(f1s), f1s, chosen, thresholds)


def _place_in_group(features: Int[Tensor, " active"]) -> Int[Tensor, " active"]:
    """For sorted features, the place of each entry among those of its feature, from 0."""
    at = torch.arange(len(features), device=features.device)
    first = torch.ones_like(features, dtype=torch.bool)
    first[1:] = features[1:] != features[:-1]
    return at - torch.where(first, at, 0).cummax(0).values
