"""Feature by feature: what is lost on tokens where it is on, against tokens where it is off.

Three stand-ins for a layer are compared on the same tokens: the dictionary, a linear map fitted
to the layer, and nothing (zero-ablation). A feature on whose tokens the dictionary does no better
than the linear map stands for nothing that the MLP computes beyond a linear map.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from microtome.dictionary import Codes
from microtome.evaluation.bootstrap import Figure

STAND_INS = ("dictionary", "linear", "ablated")
KEPT = 1000
"""Features of an encoder that a report holds."""

_Z95 = 1.959964
_LEAST_DOCUMENTS = 5


@dataclass(frozen=True)
class FeatureSums:
    """Sums over the tokens on which each feature of one encoder is on.

    Columns are per-token quantities. Squares and products of a document's sums are kept beside
    them, from which the spread of a mean over documents follows (the linearised cluster variance
    of a ratio; Cochran 1977, section 6.5): a bootstrap would need a sum per feature and document.
    """

    names: tuple[str, ...]
    on: Float[Tensor, "features columns"]
    squares: Float[Tensor, "features columns"]
    """Sum over documents of (a document's sum)^2."""
    crosses: Float[Tensor, "features columns"]
    """Sum over documents of (a document's sum) x (its count)."""
    counts: Float[Tensor, "features 3"]
    """Tokens on which the feature is on; the sum of squares of its documents' counts; documents."""
    total: Float[Tensor, " columns"]
    tokens: int

    @staticmethod
    def of(
        codes: Codes,
        documents: Int[Tensor, " tokens"],
        columns: Mapping[str, Tensor],
        keep: Bool[Tensor, " tokens"],
    ) -> "FeatureSums":
        """What one block adds, of the tokens to keep; a document is expected to lie in one
        block."""
        keep = keep.cpu()
        values = torch.stack([c.detach().to("cpu", torch.float64) for c in columns.values()], 1)
        rows = codes.rows().cpu()
        kept = keep[rows]
        rows, features = rows[kept], codes.features.cpu()[kept]
        _, numbers = torch.unique(documents.cpu(), return_inverse=True)
        n_documents = int(numbers.max()) + 1 if len(numbers) else 1
        pairs, at = torch.unique(features * n_documents + numbers[rows], return_inverse=True)
        sums = torch.zeros(len(pairs), values.shape[1], dtype=torch.float64)
        sums.index_add_(0, at, values[rows])
        counts = torch.bincount(at, minlength=len(pairs)).double()
        feature = pairs // n_documents

        def by_feature(x: Tensor) -> Tensor:
            out = torch.zeros(codes.n_features, x.shape[1], dtype=torch.float64)
            return out.index_add_(0, feature, x)

        return FeatureSums(
            names=tuple(columns),
            on=by_feature(sums),
            squares=by_feature(sums.square()),
            crosses=by_feature(sums * counts[:, None]),
            counts=by_feature(torch.stack([counts, counts.square(), torch.ones_like(counts)], 1)),
            total=values[keep].sum(0),
            tokens=int(keep.sum()),
        )

    @staticmethod
    def merged(parts: Iterable["FeatureSums"]) -> "FeatureSums":
        parts = list(parts)

        def added(name: str) -> Tensor:
            return torch.stack([getattr(part, name) for part in parts]).sum(0)

        sums = {name: added(name) for name in ("on", "squares", "crosses", "counts", "total")}
        return FeatureSums(parts[0].names, **sums, tokens=sum(part.tokens for part in parts))

    def mean_on(self, feature: int, column: str) -> Figure:
        """Mean of a column over the tokens on which a feature is on, with its interval."""
        c = self.names.index(column)
        n, squares, documents = self.counts[feature].tolist()
        mean = float(self.on[feature, c]) / n
        if documents < _LEAST_DOCUMENTS:
            return Figure(mean, int(n))
        spread = (
            float(self.squares[feature, c])
            - 2 * mean * float(self.crosses[feature, c])
            + mean**2 * squares
        )
        half = _Z95 * (max(spread, 0.0) * documents / (documents - 1)) ** 0.5 / n
        return Figure(mean, int(n), mean - half, mean + half)

    def mean_off(self, feature: int, column: str) -> float:
        """Mean of a column over the tokens on which the feature is off."""
        c = self.names.index(column)
        off = self.tokens - float(self.counts[feature, 0])
        return float(self.total[c] - self.on[feature, c]) / off if off else float("nan")


@dataclass(frozen=True)
class OnOff:
    """A per-token loss on a feature's tokens, and on all others."""

    on: Figure
    off: float | None
    """None for a feature that is always on."""

    @property
    def change(self) -> float | None:
        return None if self.off is None else self.on.value - self.off


@dataclass(frozen=True)
class FeatureLoss:
    """What the stand-ins lose on one feature's tokens."""

    encoder: int
    feature: int
    tokens: int
    """Tokens on which it is on and whose next token counts."""
    layer: Mapping[str, OnOff]
    """By stand-in, squared error at the written site in shares of its mean variance."""
    prediction: Mapping[str, OnOff]
    """By stand-in, increase of next-token loss over the clean run, nats."""
    gain: OnOff | None
    """Next-token loss of the linear map less that of the dictionary: above 0 where the features
    do what no linear map does."""


@dataclass(frozen=True)
class PerFeature:
    """Features of one encoder, by how much their tokens lose without the layer."""

    site: str
    """The site that is spliced: the written site of the encoder's own layer."""
    tokens: int
    ranked: int
    """Features that are on at enough tokens to be ranked."""
    features: tuple[FeatureLoss, ...]
    """Those with most to lose when the site is ablated, at most 1000."""
    beats_linear: Figure | None
    """Share of ranked features on whose tokens the dictionary loses less than the linear map;
    `n` counts features."""


def summarise_features(
    site: str, encoder: int, sums: FeatureSums, variance: float, least: int = 20
) -> PerFeature:
    """Losses of the features that are on at least `least` tokens, those with most to lose first.

    Args:
        site: the spliced site.
        encoder: whose features these are.
        sums: over the whole run.
        variance: mean of ||x - mean(x)||^2 over tokens.
        least: tokens that a feature needs.
    """
    ranked = (sums.counts[:, 0] >= least).nonzero()[:, 0]
    counts = sums.counts[ranked, 0]
    need = sums.on[ranked, sums.names.index("ce_ablated")] / counts
    first = ranked[need.argsort(descending=True)[:KEPT]].tolist()
    share = None
    if "gain" in sums.names and len(ranked):
        gains = sums.on[ranked, sums.names.index("gain")] > 0
        share = Figure(float(gains.double().mean()), len(ranked))
    losses = tuple(_feature_loss(encoder, f, sums, variance) for f in first)
    return PerFeature(site, sums.tokens, len(ranked), losses, share)


def _feature_loss(encoder: int, f: int, sums: FeatureSums, variance: float) -> FeatureLoss:
    def on_off(column: str, unit: float = 1.0) -> OnOff:
        on, off = sums.mean_on(f, column), sums.mean_off(f, column)
        low = None if on.low is None else on.low / unit
        high = None if on.high is None else on.high / unit
        figure = Figure(on.value / unit, on.n, low, high)
        return OnOff(figure, None if off != off else off / unit)

    known = [name for name in STAND_INS if f"error_{name}" in sums.names]
    return FeatureLoss(
        encoder=encoder,
        feature=f,
        tokens=int(sums.counts[f, 0]),
        layer={name: on_off(f"error_{name}", variance) for name in known},
        prediction={name: on_off(f"ce_{name}") for name in known},
        gain=on_off("gain") if "gain" in sums.names else None,
    )
