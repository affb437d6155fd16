"""QK attribution: why a head looks where it looks.

The score of a query and a key, before the softmax, is bilinear in what is in the stream at both
(Ameisen et al. 2025, "Circuit Tracing", on attention; Kamath et al. 2025, "Tracing Attention
Computation Through Feature Interactions"). It is split exactly over pairs of sources, through the
frozen model: sources of earlier layers and other positions count by every path that leads to the
query or the key.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.circuit.graph import Nodes
from microtome.circuit.replacement import LocalReplacement
from microtome.circuit.sources import edges_to, source_nodes
from microtome.circuit.targets import TargetRows
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.model.queries_keys import FrozenSide, QueriesKeys, freeze_queries_keys

_BLOCK = 4 << 20
"""Pairs looked at together when the largest are wanted."""


@dataclass(frozen=True)
class Pair:
    """A source at the query and one at the key, and what the two give to the score."""

    query: int
    """Index into `QKAttribution.sources`."""
    key: int
    value: float


@dataclass(frozen=True, repr=False)
class QKAttribution:
    """A score, split: the pair (s, t) of sources gives `query_parts[:, s] @ key_parts[:, t]`.

    The scaling and the frozen soft-cap are in `key_parts`. With `against`, everything is of the
    difference of two scores.
    """

    layer: int
    head: int
    query: int
    key: int
    against: int | None
    sources: Nodes
    query_parts: Float[Tensor, "d_head sources"]
    key_parts: Float[Tensor, "d_head sources"]
    score: float
    """What the softmax saw, or the difference of two such scores."""

    def __repr__(self) -> str:
        less = "" if self.against is None else f" less {self.against}"
        where = f"{self.query} looks at {self.key}{less}"
        return f"<QK of head {self.layer}.{self.head}, {where}: {self.score:.4g}>"

    def pairs(self, queries: Int[Tensor, " q"], keys: Int[Tensor, " k"]) -> Float[Tensor, "q k"]:
        """Some pairs, by indices into `sources`."""
        return self.query_parts[:, queries].T @ self.key_parts[:, keys]

    @cached_property
    def by_query(self) -> Float[Tensor, " sources"]:
        """What every source at the query gives, over all sources at the key."""
        return self.query_parts.T @ self.key_parts.sum(1)

    @cached_property
    def by_key(self) -> Float[Tensor, " sources"]:
        """What every source at the key gives, over all sources at the query."""
        return self.key_parts.T @ self.query_parts.sum(1)

    @cached_property
    def by_kind(self) -> dict[tuple[str, str], float]:
        """Sums over all pairs of a kind at the query and a kind at the key."""
        sums = {}
        for kind in dict.fromkeys(self.sources.kind):
            at = self.sources.where(kind).to(self.query_parts.device)
            sums[kind] = self.query_parts[:, at].sum(1), self.key_parts[:, at].sum(1)
        return {(q, k): float(sums[q][0] @ sums[k][1]) for q in sums for k in sums}

    @property
    def total(self) -> float:
        """The sum over all pairs."""
        return float(self.query_parts.sum(1) @ self.key_parts.sum(1))

    @property
    def residual(self) -> float:
        """|sum over all pairs - score| over |score|."""
        return abs(self.total - self.score) / max(abs(self.score), 1e-300)

    def top(self, k: int = 20) -> list[Pair]:
        """The pairs that give most, by absolute value; all pairs are never held at once."""
        at = [parts.abs().sum(0).nonzero()[:, 0] for parts in (self.query_parts, self.key_parts)]
        values = [self.query_parts.new_zeros(0)]
        places = [at[0].new_zeros(0, 2)]
        for rows in at[0].split(max(_BLOCK // max(len(at[1]), 1), 1)):
            block = self.pairs(rows, at[1])
            best = block.abs().flatten().topk(min(k, block.numel())).indices
            values.append(block.flatten()[best])
            row, column = best // len(at[1]), best % len(at[1])
            places.append(torch.stack([rows[row], at[1][column]], 1))
        value, place = torch.cat(values), torch.cat(places)
        best = value.abs().argsort(descending=True, stable=True)[:k]
        rows = zip(place[best].tolist(), value[best].tolist(), strict=True)
        return [Pair(q, k, v) for (q, k), v in rows]


@torch.no_grad()
def qk_attribution(
    model: LanguageModel,
    replacement: LocalReplacement,
    layer: int,
    head: int,
    query: int,
    key: int,
    against: int | None = None,
) -> QKAttribution:
    """Split a head's score over pairs of sources at the query and at the key.

    Args:
        model: the model that the replacement was built from.
        replacement: the prompt's local replacement model.
        layer: of the head.
        head: number of the query head.
        query: position that looks; -1 is the last.
        key: position that is looked at.
        against: another key position: explain the difference of the two scores (why there and
            not here). What is equal for both keys cancels in it, as it does in the softmax.

    Raises:
        MicrotomeError: no such head or position, the query does not see the key, or the
            replacement is of another model.
    """
    if tuple(replacement.frozen.unembed.shape) != (model.d_model, model.d_vocab):
        raise MicrotomeError(f"the replacement model is not one of {model.name}; build it again")
    found = freeze_queries_keys(model, replacement.frozen, replacement.tokens[None], layer)
    query, key = found.check(head, query, key)
    seen = [(key, 1.0)]
    if against is not None:
        against = found.check(head, query, against)[1]
        if against == key:
            raise MicrotomeError(
                f"the score at position {key} less itself is zero; name two positions"
            )
        seen.append((against, -1.0))
    rows = [_rows(found, found.queries, head, query, replacement)]
    rows += [_rows(found, found.keys, found.key_head(head), at, replacement) for at, _ in seen]
    parts = edges_to(replacement, TargetRows.join(rows)).unflatten(0, (len(rows), -1))
    key_parts = torch.zeros_like(parts[0])
    score = 0.0
    for (at, sign), part in zip(seen, parts[1:], strict=True):
        key_parts += part * (sign * found.scaling * found.factor[head, query, at])
        score += sign * float(found.scores[head, query, at])
    sources = source_nodes(model, replacement)
    return QKAttribution(layer, head, query, key, against, sources, parts[0], key_parts, score)


def _rows(
    found: QueriesKeys,
    side: FrozenSide,
    head: int,
    position: int,
    replacement: LocalReplacement,
) -> TargetRows:
    """The components of one query or key as targets in the stream that enters attention."""
    depth = 2 * found.layer
    vector, value = side.vectors(head, position), side.value[position, head]
    constant = value - vector @ replacement.frozen.streams[depth, position]
    where = torch.full((2, len(value)), depth, device=value.device)
    where[1] = position
    return TargetRows(where[0], where[1], vector, constant, value)
