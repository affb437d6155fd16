"""What a graph says that interventions do."""

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.circuit.graph import KINDS, Graph
from microtome.errors import MicrotomeError


def predict(
    graph: Graph, changes: Float[Tensor, "batch sources"]
) -> Float[Tensor, "batch targets"]:
    """Effects of changed sources on every target, by all paths of the graph.

    An edge A[t, s] is what source s gives target t, so a share r_s of it changes t by A[t, s] r_s.
    A feature passes on what reaches it: its own share changes by that over its activation, as
    long as it stays active. Features that are changed are held at their new activations (clamped):
    nothing passes through them.

    Args:
        graph: all its edges count, pruned ones too; what a budget left out passes nothing on.
        changes: for every change, the share by which each source (a column of the graph) is
            changed: 0 not at all, -1 taken away, 1 doubled.

    Returns:
        Change of every target's pre-activation or logit (a row of the graph).

    Raises:
        MicrotomeError: the graph has a cycle.
    """
    edges = graph.edges.double()
    rows, columns = passing(graph)
    passes = edges[rows] / graph.nodes.activation[graph.columns[columns]].double()[:, None]
    share = changes.double()
    free = (share[:, columns] == 0).double()
    effect = share @ edges.T
    arriving = share @ passes.T * free
    for _ in range(len(rows) + 1):
        if not bool(arriving.any()):
            return effect
        share = torch.zeros_like(share)
        share[:, columns] = arriving
        effect += share @ edges.T
        arriving = share @ passes.T * free
    raise MicrotomeError("the graph has a cycle; trace it again")


def passing(graph: Graph) -> tuple[Tensor, Tensor]:
    """Rows and columns of the features that are both: what reaches them goes on."""
    at = graph.row_columns
    kinds = graph.nodes.kind_index[graph.columns[at.clamp(min=0)]]
    rows = ((at >= 0) & (kinds == KINDS.index("feature"))).nonzero()[:, 0]
    active = graph.nodes.activation[graph.rows[rows]] != 0
    rows = rows[active]
    return rows, at[rows]
