"""What baselines know of the training documents: moments, linear maps, how many features fire."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.data.block import Block
from microtome.data.policy import TokenPolicy
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.evaluation.models import Models
from microtome.evaluation.reconstruction import exact

_L0_TOKENS = 10_000
"""A mean over tokens needs fewer of them than a map between sites."""

_RIDGE = 1e-6
"""Of the mean eigenvalue of the inputs' covariance: enough to invert, too little to shrink."""


@dataclass(frozen=True)
class Moments:
    """First and second moments of what a site is read from and of the site, in float64."""

    tokens: int
    x: Float[Tensor, " d_in"]
    y: Float[Tensor, " d_out"]
    xx: Float[Tensor, "d_in d_in"]
    xy: Float[Tensor, "d_in d_out"]
    yy: Float[Tensor, ""]
    """Sum of squares."""

    @staticmethod
    def of(x: Float[Tensor, "tokens d_in"], y: Float[Tensor, "tokens d_out"]) -> "Moments":
        x, y = exact(x), exact(y)
        sums = (x.sum(0), y.sum(0), x.T @ x, x.T @ y, y.square().sum())
        return Moments(len(x), *(part.cpu() for part in sums))

    def plus(self, other: "Moments") -> "Moments":
        return Moments(
            self.tokens + other.tokens,
            self.x + other.x,
            self.y + other.y,
            self.xx + other.xx,
            self.xy + other.xy,
            self.yy + other.yy,
        )

    @property
    def mean_x(self) -> Float[Tensor, " d_in"]:
        return self.x / self.tokens

    @property
    def mean_y(self) -> Float[Tensor, " d_out"]:
        return self.y / self.tokens

    @property
    def covariance(self) -> Float[Tensor, "d_in d_in"]:
        return self.xx / self.tokens - torch.outer(self.mean_x, self.mean_x)

    def size(self, side: str) -> float:
        """Root mean square around the mean, over tokens and dimensions."""
        if side == "x":
            return float((self.covariance.trace() / len(self.x)).clamp(min=1e-24).sqrt())
        square = self.yy / self.tokens - self.mean_y.square().sum()
        return float((square / len(self.y)).clamp(min=1e-24).sqrt())

    def linear_map(self) -> Float[Tensor, "d_in d_out"]:
        """Least squares from x to y around their means."""
        covariance = self.covariance
        ridge = _RIDGE * covariance.trace() / len(covariance) + 1e-30
        cross = self.xy / self.tokens - torch.outer(self.mean_x, self.mean_y)
        return torch.linalg.solve(covariance + ridge * torch.eye(len(covariance)).double(), cross)


@dataclass(frozen=True)
class Fit:
    """Training-side facts about one dictionary's sites."""

    reads: tuple[str, ...]
    """By written site, the one site that baselines read: the same site where the dictionary
    reads it, else that of its own layer."""
    moments: tuple[Moments, ...]
    """By written site."""
    l0: tuple[float, ...]
    """By encoder, active features per token."""
    l0_written: tuple[float, ...]
    """By written site, active features that write to it per token."""

    @property
    def tokens(self) -> int:
        return self.moments[0].tokens


def own_read(dictionary: Dictionary, j: int) -> str:
    """The site from which baselines and the linear map predict a written site."""
    reads, write = dictionary.reads, dictionary.writes[j]
    if write in reads:
        return write
    if j < len(reads) and len(reads) == len(dictionary.writes):
        return reads[j]
    sources = [
        i
        for sources, decoder in zip(dictionary.sources, dictionary.decoders, strict=True)
        if j in decoder.targets
        for i in sources
    ]
    return reads[max(sources)]


@torch.no_grad()
def fit_baselines(
    models: Models,
    dictionary: Dictionary,
    blocks: Iterable[Block],
    max_tokens: int = 100_000,
) -> Fit:
    """Collect moments and L0 on training documents.

    Args:
        models: whose activations to read.
        dictionary: whose sites and L0 to use.
        blocks: of TRAINING documents: what is fitted here must not have seen the held-out ones.
        max_tokens: stop after so many tokens; a map of d x d needs several times d.

    Raises:
        MicrotomeError: no token counts.
    """
    ready = dictionary.to(models.device, models.dtype)
    policy = TokenPolicy.of(dictionary)
    reads = tuple(own_read(dictionary, j) for j in range(len(dictionary.writes)))
    moments: list[Moments] = []
    active, written = [0] * len(ready.encoders), [0] * len(dictionary.writes)
    done, encoded = 0, 0
    for block in blocks:
        tokens = block.tokens.to(models.device)
        counts = policy.counts(models.model, tokens)
        found = models.capture(tokens, [*dictionary.reads, *dictionary.writes])
        rows = {site: x[counts] for site, x in found.items()}
        new = [
            Moments.of(rows[read], rows[write])
            for read, write in zip(reads, dictionary.writes, strict=True)
        ]
        moments = [a.plus(b) for a, b in zip(moments, new, strict=True)] if moments else new
        done += int(counts.sum())
        if encoded < _L0_TOKENS:
            encoded = done
            for e, codes in enumerate(ready.encode([rows[read] for read in dictionary.reads])):
                active[e] += codes.n_active
                for j in ready.decoders[e].targets:
                    written[j] += codes.n_active
        if done >= max_tokens:
            break
    if not done:
        raise MicrotomeError(
            "no token of the training documents counts, so no baseline can be fitted; give more "
            "text or leave the baselines out"
        )
    l0, l0_written = (tuple(n / encoded for n in counts) for counts in (active, written))
    return Fit(reads, tuple(moments), l0, l0_written)
