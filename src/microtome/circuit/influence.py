"""Influence of every node on the targets, and the scores of a graph.

With rows of |A| normalised over all sources, influence is w (Ahat + Ahat^2 + ...), where w is
the weight of each target (Ameisen et al. 2025, "Circuit Tracing", appendix on graph pruning).
The graph is acyclic, so the series ends.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.errors import MicrotomeError


def propagate(
    weights: Float[Tensor, " rows"],
    step: Callable[[Tensor], Tensor],
    row_columns: Int[Tensor, " rows"],
) -> Float[Tensor, " columns"]:
    """Sum the influence series.

    Args:
        weights: what each row starts with (targets: their probabilities; features: 0).
        step: maps weights of rows to weights of columns, rows @ Ahat.
        row_columns: the column of every row's node, or -1 for rows that are not a source.

    Returns:
        Influence of every source.

    Raises:
        MicrotomeError: the series does not end: the graph has a cycle, or edges that are not
            finite.
    """
    is_source = row_columns >= 0
    columns = row_columns.clamp(min=0)
    total = step(weights)
    flow = total
    if not len(total):
        return total
    for _ in range(len(weights) + 1):
        rows = torch.where(is_source, flow[columns], torch.zeros_like(weights))
        if not bool(rows.any()):
            return total
        flow = step(rows)
        total = total + flow
    raise MicrotomeError("the graph has a cycle or edges that are not finite; trace it again")


def normalise(mass: Float[Tensor, "*rows"]) -> Float[Tensor, "*rows"]:
    """Factors that make rows of this mass sum to one; rows without inputs stay zero."""
    return torch.where(mass > 0, 1 / mass.clamp(min=torch.finfo(mass.dtype).tiny), 0 * mass)
