"""Sources pushed up through the frozen model, and targets pulled straight down.

The split of edges over heads needs both: what a source alone puts into the stream that enters
every layer, and the gradient that a target has at its own position behind every layer's attention,
before any attention has moved it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.circuit.graph import Nodes
from microtome.circuit.replacement import LocalReplacement
from microtome.circuit.targets import TargetRows
from microtome.errors import MicrotomeError
from microtome.model.frozen import FrozenAttention


@dataclass(frozen=True)
class StraightGradient:
    """Gradients of targets at their own positions, by no attention; one entry a layer.

    They are zero above a target's depth.
    """

    written: tuple[Float[Tensor, "targets d"], ...]
    """With respect to what the MLP writes."""
    attended: tuple[Float[Tensor, "targets d"], ...]
    """With respect to what attention adds."""
    embedded: Float[Tensor, "targets d"]


def pull_straight(replacement: LocalReplacement, targets: TargetRows) -> StraightGradient:
    """Pull targets down through the residual stream and the linear skips alone."""
    parallel = replacement.frozen.parallel
    g = torch.zeros_like(targets.vector)
    written, attended = [], []
    for layer in reversed(range(replacement.n_layers)):
        g = g + _joining(targets, 2 * layer + 2)
        written.append(g)
        through_skip = _through_skip(replacement, layer, g, targets.position)
        mid = g if parallel else g + through_skip + _joining(targets, 2 * layer + 1)
        attended.append(mid)
        g = mid + through_skip if parallel else mid
    g = g + _joining(targets, 0)
    return StraightGradient(tuple(written[::-1]), tuple(attended[::-1]), g)


def _joining(targets: TargetRows, depth: int) -> Float[Tensor, "targets d"]:
    return targets.vector * (targets.depth == depth)[:, None]


def _through_skip(
    replacement: LocalReplacement, layer: int, g: Tensor, position: Int[Tensor, " targets"]
) -> Float[Tensor, "targets d"]:
    skip = replacement.dictionary.skips[layer]
    if skip is None:
        return torch.zeros_like(g)
    norm = replacement.reads[layer]
    return norm.fold_input(g @ skip.T) * norm.scale[position]


@dataclass(frozen=True)
class Injection:
    """What some sources put into the stream, before anything carries it on."""

    embedded: Float[Tensor, "sources position d"]
    written: tuple[Float[Tensor, "sources position d"] | None, ...]
    """By layer, beside the MLP; None where nothing is written."""
    bias: Float[Tensor, " sources"]
    """1 for the bias, which is what attention adds by itself too; 0 for others."""


def inject(replacement: LocalReplacement, nodes: Nodes, sources: Sequence[int]) -> Injection:
    """What sources of a graph write.

    Raises:
        MicrotomeError: a node that is not one source (a logit, unexpanded features).
    """
    frozen = replacement.frozen
    shape = (len(sources), *frozen.tokens.shape)
    embedded, bias = frozen.tokens.new_zeros(shape), frozen.tokens.new_zeros(shape[:1])
    written: list[Tensor | None] = [None] * replacement.n_layers

    def write(layer: int) -> Tensor:
        made = written[layer]
        if made is None:
            made = written[layer] = frozen.tokens.new_zeros(shape)
        return made

    for i, node in enumerate(sources):
        kind, at, layer = nodes.kind[node], int(nodes.position[node]), int(nodes.layer[node])
        if kind == "token":
            embedded[i, at] = frozen.tokens[at]
        elif kind == "error":
            write(layer)[i, at] = replacement.errors[layer, at]
        elif kind == "feature":
            decoder = replacement.dictionary.decoders[layer]
            feature = nodes.feature[node : node + 1].to(frozen.tokens.device)
            for target in decoder.targets:
                row = decoder.rows(feature, target, frozen.tokens)[0]
                write(target)[i, at] = row * float(nodes.activation[node])
        elif kind == "bias":
            embedded[i], bias[i] = frozen.positions, 1
            for target in range(replacement.n_layers):
                write(target)[i] = replacement.constants[target]
        else:
            raise MicrotomeError(f"{nodes.name(node)} is no source whose paths could be split")
    return Injection(embedded, tuple(written), bias)


def push(
    replacement: LocalReplacement, injection: Injection
) -> Iterator[Float[Tensor, "sources position d"]]:
    """What sources put into the stream that enters each layer, from the first to the last."""
    x, parallel = injection.embedded, replacement.frozen.parallel
    for layer, parts in enumerate(replacement.frozen.layers):
        yield x
        attended = attend(parts.attention, x)
        attended = attended + injection.bias[:, None, None] * parts.attention.constant
        mid = x + attended
        written, skip = injection.written[layer], replacement.dictionary.skips[layer]
        read, x = x if parallel else mid, mid
        if written is not None:
            x = x + written
        if skip is not None:
            x = x + replacement.reads[layer].linear(read) @ skip


def head_values(
    attention: FrozenAttention, x: Float[Tensor, "sources position d"]
) -> Float[Tensor, "sources heads position d_head"]:
    """Values of every query head, the norm before attention not yet divided."""
    values = torch.einsum("skd,dgv->sgkv", x, attention.values)
    return values.repeat_interleave(attention.group, 1)


def attend(
    attention: FrozenAttention, x: Float[Tensor, "sources position d"]
) -> Float[Tensor, "sources position d"]:
    """What attention adds, without its constant."""
    mixed = attention.pattern @ head_values(attention, x)
    return torch.einsum("shqv,hvd->sqd", mixed, attention.output)
