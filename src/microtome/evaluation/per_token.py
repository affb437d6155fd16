"""Error against L0 token by token, by token and position, with the outliers in their text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from microtome.model import LanguageModel

KEPT = 12
"""Outliers that are kept."""
SCATTERED = 2000
"""Tokens that are kept for the plot of error against L0."""
_BEFORE, _AFTER = 12, 4


@dataclass(frozen=True)
class TokenError:
    """One token's error, with enough of its row to show it in its text."""

    error: float
    """||x - xhat||^2; in a report divided by the mean of ||x - mean(x)||^2, so 1 is what
    predicting the mean costs on average."""
    l0: int
    document: int
    position: int
    before: tuple[int, ...]
    token: int
    after: tuple[int, ...]


@dataclass(frozen=True)
class PerTokenSums:
    """Sums by token and by position, and the tokens with the largest errors, at one site."""

    by_token: Float[Tensor, "vocabulary 3"]
    """Count, error and active features by token id."""
    by_position: Float[Tensor, "position 3"]
    """The same by position in the row."""
    outliers: tuple[TokenError, ...]
    scatter: Float[Tensor, "kept 3"]
    """A random key, error and L0 of some tokens: those of the smallest keys, so that parts of a
    run merge to the sample that the whole would give."""

    @staticmethod
    def merged(parts: Iterable["PerTokenSums"]) -> "PerTokenSums":
        parts = list(parts)
        longest = max(len(part.by_position) for part in parts)
        by_position = torch.zeros(longest, 3, dtype=torch.float64)
        for part in parts:
            by_position[: len(part.by_position)] += part.by_position
        return PerTokenSums(
            torch.stack([part.by_token for part in parts]).sum(0),
            by_position,
            _largest(outlier for part in parts for outlier in part.outliers),
            _sample(torch.cat([part.scatter for part in parts])),
        )


def _largest(outliers: Iterable[TokenError]) -> tuple[TokenError, ...]:
    ranked = sorted(outliers, key=lambda o: (-o.error, o.document, o.position))
    return tuple(ranked[:KEPT])


def _sample(scatter: Float[Tensor, "tokens 3"]) -> Float[Tensor, "kept 3"]:
    return scatter[scatter[:, 0].argsort(stable=True)[:SCATTERED]]


def per_token_sums(
    tokens: Int[Tensor, "batch position"],
    documents: Int[Tensor, "batch position"],
    counts: Bool[Tensor, "batch position"],
    error: Float[Tensor, " tokens"],
    l0: Tensor,
    vocabulary: int,
) -> PerTokenSums:
    """What one block adds.

    Args:
        tokens: ids of the block.
        documents: number of every token's document.
        counts: which tokens the errors are of.
        error: ||x - xhat||^2 of those, in row order.
        l0: features active on them.
        vocabulary: number of token ids.
    """
    counts, error, l0 = counts.cpu(), error.cpu(), l0.cpu()
    rows, positions = counts.nonzero(as_tuple=True)
    ids = tokens.cpu()[counts]
    each = torch.stack([torch.ones_like(error), error, l0.to(error.dtype)], 1)
    by_token = torch.zeros(vocabulary, 3, dtype=torch.float64).index_add_(0, ids, each)
    by_position = torch.zeros(tokens.shape[1], 3, dtype=torch.float64)
    by_position.index_add_(0, positions, each)
    outliers = []
    for i in error.topk(min(KEPT, len(error))).indices.tolist():
        row, at = int(rows[i]), int(positions[i])
        line = tokens[row].tolist()
        outliers.append(
            TokenError(
                error=float(error[i]),
                l0=int(l0[i]),
                document=int(documents[row, at]),
                position=at,
                before=tuple(line[max(at - _BEFORE, 0) : at]),
                token=line[at],
                after=tuple(line[at + 1 : at + 1 + _AFTER]),
            )
        )
    keys = _keys(documents.cpu()[counts], positions)
    scatter = _sample(torch.stack([keys, error, l0.to(error.dtype)], 1))
    return PerTokenSums(by_token, by_position, _largest(outliers), scatter)


def _keys(documents: Int[Tensor, " n"], positions: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """A number for every token that looks random and depends on where it stands alone."""
    x = documents.long() * 1_000_003 + positions
    x = (x ^ (x >> 16)) * 0x45D9F3B
    return (((x ^ (x >> 16)) * 0x45D9F3B) & 0xFFFFFFFF).double()


@dataclass(frozen=True)
class TokenGroup:
    """Tokens with one text, or at one position."""

    name: str
    tokens: int
    error: float
    """Mean error, in shares of the site's mean variance (the mean over all tokens is the FVU)."""
    l0: float


@dataclass(frozen=True)
class Outlier:
    """A token on which the reconstruction is worst, in its text."""

    before: str
    token: str
    after: str
    error: float
    """In shares of the site's mean variance."""
    l0: int
    document: int
    position: int


@dataclass(frozen=True)
class PerToken:
    """Error against L0 at one written site, token by token."""

    site: str
    by_token: tuple[TokenGroup, ...]
    """Token texts with the largest mean error, of those met at least 5 times."""
    by_position: tuple[TokenGroup, ...]
    outliers: tuple[Outlier, ...]
    scatter: tuple[tuple[float, float], ...]
    """L0 and error of a sample of tokens."""


def summarise_tokens(
    model: LanguageModel, site: str, sums: PerTokenSums, variance: float, least: int = 5
) -> PerToken:
    """Errors as shares of the mean variance, texts instead of ids.

    Args:
        model: whose tokens these are.
        site: the written site.
        sums: over the whole run.
        variance: mean of ||x - mean(x)||^2 over tokens.
        least: tokens of one text that are needed to rank it.
    """
    met = (sums.by_token[:, 0] >= least).nonzero()[:, 0]
    means = sums.by_token[met, 1] / sums.by_token[met, 0].clamp(min=1)
    worst = met[means.argsort(descending=True)[:KEPT]].tolist()
    positions = (sums.by_position[:, 0] > 0).nonzero()[:, 0].tolist()
    return PerToken(
        site,
        tuple(_group(model.token_string(i), sums.by_token[i], variance) for i in worst),
        tuple(_group(str(i), sums.by_position[i], variance) for i in positions),
        tuple(_outlier(model, o, variance) for o in sums.outliers),
        tuple((l0, error / variance) for _, error, l0 in sums.scatter.tolist()),
    )


def _group(name: str, sums: Float[Tensor, "3"], variance: float) -> TokenGroup:
    count, error, l0 = sums.tolist()
    return TokenGroup(name, int(count), error / count / variance, l0 / count)


def _outlier(model: LanguageModel, found: TokenError, variance: float) -> Outlier:
    def text(ids: Sequence[int]) -> str:
        return "".join(model.token_string(i) for i in ids)

    found = replace(found, error=found.error / variance)
    return Outlier(
        text(found.before),
        text([found.token]),
        text(found.after),
        found.error,
        found.l0,
        found.document,
        found.position,
    )
