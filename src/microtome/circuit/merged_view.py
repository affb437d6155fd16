"""What prompts a merged graph's nodes are of: as its `info` holds it, and as it is shown."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from pydantic import ValidationError
from torch import Tensor

from microtome.circuit.graph import Graph
from microtome.circuit.view import MergedPrompts


def merged_info(
    present: Bool[Tensor, "nodes graphs"],
    kept: Bool[Tensor, "nodes graphs"],
    influence: Float[Tensor, "nodes graphs"],
) -> dict[str, Any]:
    """Columns of `Merged` as JSON values, by prompt."""
    there = influence.masked_fill(~present, float("nan")).T
    return {
        "influence": [[_short(value) for value in row] for row in there.tolist()],
        "kept": [row.nonzero()[:, 0].tolist() for row in kept.T],
    }


def merged_view(graph: Graph, index: Int[Tensor, " shown"]) -> MergedPrompts | None:
    """The prompts of a merged graph, for the nodes that are shown; None for other graphs, and for
    those that say nothing of it that fits their nodes.

    Args:
        graph: the graph.
        index: of the nodes that are shown, rising.
    """
    held = graph.info.get("merged")
    if not isinstance(held, dict):
        return None
    fields = {name: held.get(name) for name in MergedPrompts.model_fields}
    try:
        found = MergedPrompts.model_validate(fields)
    except ValidationError:
        return None  # merged before prompts were kept by node
    n = len(graph.nodes)
    if not _fits(found, n):
        return None
    place = torch.full((n,), -1)
    place[index] = torch.arange(len(index))
    shown = index.tolist()
    return MergedPrompts(
        prompts=found.prompts,
        influence=[[row[i] for i in shown] for row in found.influence],
        kept=[_places(place, row) for row in found.kept],
    )


def _fits(found: MergedPrompts, n: int) -> bool:
    sizes = {len(found.prompts), len(found.influence), len(found.kept)}
    nodes = [node for row in found.kept for node in row]
    return (
        len(sizes) == 1
        and all(len(row) == n for row in found.influence)
        and min(nodes, default=0) >= 0
        and max(nodes, default=-1) < n
    )


def _places(place: Tensor, nodes: Sequence[int]) -> list[int]:
    found = place[torch.tensor(nodes, dtype=torch.long)]
    return found[found >= 0].tolist()


def _short(value: float) -> float | None:
    return None if value != value else float(f"{value:.4g}")
