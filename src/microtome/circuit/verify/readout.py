"""The answer as it is read from the stream that a graph predicts, through the final norm."""

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.circuit.sources import edges_to
from microtome.circuit.targets import TargetRows
from microtome.circuit.verify.measure import Bench
from microtome.circuit.verify.predict import respond
from microtome.intervention import Mode


def predict_in(
    bench: Bench, changes: Float[Tensor, "batch sources"], modes: dict[str, Mode]
) -> dict[str, Float[Tensor, "batch targets"]]:
    """What the graph predicts, by mode.

    With norms frozen its edges say it. With norms live, the stream before the final norm is what
    the graph predicts, and the answer is read from it through that norm, of which nothing is a
    hypothesis: an answer that holds most of the stream by itself hardly grows. For features the
    edges say it in all modes: norms on the way are what the graph leaves out.
    """
    share = respond(bench.graph, changes)
    linear = share @ bench.graph.edges.double().T
    through = _through_norm(bench, share, linear)
    return {name: linear if mode.norms == "frozen" else through for name, mode in modes.items()}


def _through_norm(
    bench: Bench, share: Float[Tensor, "batch sources"], linear: Float[Tensor, "batch targets"]
) -> Float[Tensor, "batch targets"]:
    graph, frozen = bench.graph, bench.replacement.frozen
    read_here = [r for r in bench.testable if bench.read_by_unembedding(int(graph.rows[r]))]
    logits = torch.tensor(read_here, dtype=torch.long)
    out = linear.clone()
    for position in graph.nodes.position[graph.rows[logits]].unique().tolist():
        rows = logits[graph.nodes.position[graph.rows[logits]] == position]
        moved = share.to(frozen.tokens.dtype) @ _written(bench, position)
        before = frozen.streams[2 * frozen.n_layers, position]
        norm = bench.model.final_norm
        stream = torch.cat([before[None], before + moved]).to(bench.model.dtype)
        read = norm(stream).to(frozen.tokens.dtype)
        directions = torch.stack([bench.unembedded(int(i)) for i in graph.rows[rows]], 1)
        out[:, rows] = ((read[1:] - read[0]) @ directions).double()
    return out


def _written(bench: Bench, position: int) -> Float[Tensor, "sources d"]:
    """What each source of the graph gives the last stream at a position."""
    replacement = bench.replacement
    d = bench.model.d_model
    like = replacement.frozen.tokens
    depth = torch.full((d,), 2 * replacement.n_layers)
    nothing = like.new_zeros(d)
    basis = torch.eye(d, dtype=like.dtype, device=like.device)
    rows = TargetRows(depth, torch.full((d,), position), basis, nothing, nothing)
    return edges_to(replacement, rows).T[bench.source_columns]
