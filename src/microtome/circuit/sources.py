"""The sources of a prompt's replacement model, all of them, and what each gives to some targets."""

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.circuit.graph import Nodes
from microtome.circuit.replacement import LocalReplacement
from microtome.circuit.sweep import Columns, Sweep
from microtome.circuit.targets import TargetRows
from microtome.model import LanguageModel


def source_nodes(model: LanguageModel, replacement: LocalReplacement) -> Nodes:
    """Every source in the order of `Columns`: features, errors by layer, tokens, bias."""
    features = replacement.active_features()
    layers, n = replacement.n_layers, replacement.n_positions
    k, where = len(features), torch.arange(n)
    strings = tuple(model.token_string(int(t)) for t in replacement.tokens)
    none = torch.full((1,), -1)
    kinds = ["feature"] * k + ["error"] * (layers * n) + ["token"] * n + ["bias"]
    layer = [features.layer.cpu(), torch.arange(layers).repeat_interleave(n), 0 * where - 1, none]
    position = [features.position.cpu(), where.repeat(layers), where, none]
    index = [features.feature.cpu(), none.expand(layers * n), replacement.tokens.cpu(), none]
    nan = torch.full((len(kinds),), float("nan"), dtype=features.activation.dtype)
    return Nodes(
        kind=tuple(kinds),
        layer=torch.cat(layer),
        position=torch.cat(position),
        feature=torch.cat(index),
        activation=torch.cat([features.activation.cpu(), nan[k:]]),
        probability=nan,
        label=("",) * (k + layers * n) + strings + ("",),
    )


def edges_to(
    replacement: LocalReplacement, rows: TargetRows, memory_bytes: int = 1 << 30
) -> Float[Tensor, "targets sources"]:
    """Edges from every source to targets of any depth, in the order of the targets.

    Args:
        replacement: the prompt's local replacement model.
        rows: the targets.
        memory_bytes: for gradients under way; the edges come on top.
    """
    columns, sweep = Columns.of(replacement), Sweep(replacement, memory_bytes // 2)
    out = rows.vector.new_zeros(len(rows), columns.total)
    d, size = rows.vector.shape[1], rows.vector.element_size()
    at_once = max(memory_bytes // (8 * d * size * replacement.n_positions), 1)
    order = rows.depth.argsort(descending=True, stable=True)
    for chunk in order.split(at_once):
        edges = sweep.run(rows.select(chunk))
        for block in edges.blocks:
            values = block.values
            out[chunk[: len(values)], block.start : block.start + values.shape[1]] = values
        out[chunk, columns.bias] = edges.bias
    return out
