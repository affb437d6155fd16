"""What a graph says that interventions do."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.circuit.graph import KINDS, Graph


def predict(
    graph: Graph, changes: Float[Tensor, "batch sources"]
) -> Float[Tensor, "batch targets"]:
    """Effects of changed sources on every target, by all paths of the graph.

    An edge A[t, s] is what source s gives target t, so a share r_s of it changes t by A[t, s] r_s;
    shares follow `respond`.

    Args:
        graph: all its edges count, pruned ones too.
        changes: as `respond` takes them.

    Returns:
        Change of every target's pre-activation or logit (a row of the graph).
    """
    return respond(graph, changes) @ graph.edges.double().T


def respond(
    graph: Graph, changes: Float[Tensor, "batch sources"]
) -> Float[Tensor, "batch sources"]:
    """How sources follow the change of some of them.

    A feature passes on what reaches it: its own share changes by that over its activation, down to
    -1, where it is off. Features that are changed are held at their new activations (clamped):
    nothing passes through them. What a budget left out passes nothing on, and features that are
    off stay off.

    Args:
        graph: all its edges count, pruned ones too.
        changes: for every change, the share by which each source (a column of the graph) is
            changed: 0 not at all, -1 taken away, 1 doubled.

    Returns:
        The share by which each source changes.
    """
    edges = graph.edges.double()
    share = changes.double().clone()
    rows, columns = passing(graph)
    activation = graph.nodes.activation[graph.rows[rows]].double()
    layers = graph.nodes.layer[graph.rows[rows]]
    for layer in layers.unique(sorted=True):  # what a layer's features pass on is complete then
        here = layers == layer
        row, column = rows[here], columns[here]
        arriving = (share @ edges[row].T / activation[here]).clamp(min=-1)
        share[:, column] = torch.where(changes[:, column] == 0, arriving, share[:, column])
    return share


def passing(graph: Graph) -> tuple[Int[Tensor, " features"], Int[Tensor, " features"]]:
    """Rows and columns of the features that are both: what reaches them goes on."""
    at = graph.row_columns
    kinds = graph.nodes.kind_index[graph.columns[at.clamp(min=0)]]
    rows = ((at >= 0) & (kinds == KINDS.index("feature"))).nonzero()[:, 0]
    rows = rows[graph.nodes.activation[graph.rows[rows]] != 0]
    return rows, at[rows]
