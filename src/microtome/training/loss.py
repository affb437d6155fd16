"""What a step minimises: reconstruction, sparsity, and what brings dead features back."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from microtome.dictionary import Codes
from microtome.training.coder import Forward, SparseCoder
from microtome.training.selection import top_k
from microtome.training.sparse import encode_entries, mean_square


@dataclass(frozen=True)
class Loss:
    """The parts of one step's loss; each is a mean over tokens, so none depends on the batch."""

    reconstruction: Float[Tensor, " written"]
    """Mean square error per written site; 1 is what predicting the mean would give."""
    total: Float[Tensor, ""]


def loss_of(
    coder: SparseCoder,
    forward: Forward,
    truth: Float[Tensor, "token written"],
    penalty_weight: float,
    dead: list[Bool[Tensor, " features"]],
) -> Loss:
    """Loss of a batch.

    Args:
        coder: the dictionary in training.
        forward: the batch through it.
        truth: standardised activations at the written sites, side by side.
        penalty_weight: from 0 to 1, how far the sparsity penalty has been warmed up.
        dead: per encoder, which features are dead.
    """
    recipe = coder.recipe
    reconstruction = mean_square(forward.outputs, truth, coder.d_out)
    total = reconstruction.sum()
    if recipe.architecture == "matryoshka":
        total = _nested(coder, forward, truth)
    if recipe.architecture in ("relu", "gated", "jumprelu"):
        penalty = torch.stack([a.penalty for a in forward.active]).sum()
        total = total + penalty_weight * recipe.sparsity * penalty
    if recipe.architecture == "gated":
        total = total + _gate_loss(coder, forward, truth)
    # all processes revive, or none: each step of it is a collective
    if coder.mesh.any_rank(any(bool(d.any()) for d in dead)):
        if recipe.dead == "aux" and recipe.aux_coefficient:
            total = total + recipe.aux_coefficient * aux_loss(coder, forward, truth, dead)
        if recipe.dead == "pre_activation":
            lift = pre_activation_loss(coder, forward, dead)
            total = total + recipe.pre_activation_coefficient * lift
    return Loss(reconstruction.detach(), total)


def _nested(coder: SparseCoder, forward: Forward, truth: Tensor) -> Tensor:
    """Matryoshka (Bussmann et al. 2025, eq. 4): every prefix of the features reconstructs alone;
    the mean over prefixes of the error, where the paper has the sum, so that coefficients and
    learning rates carry over."""
    shard = coder.mesh.shard(coder.recipe.features)
    ends = [round(share * coder.recipe.features) for share in coder.recipe.prefixes]
    limits = torch.tensor(ends[:-1], device=truth.device)
    codes, values = [], []
    for active in forward.active:
        part = torch.bucketize(active.codes.features + shard.start, limits, right=True)
        stacked, order = _stack(active.codes, part, len(ends))
        codes.append(stacked)
        values.append(active.values[order])
    parts = coder.decode(codes, values).view(len(ends), *truth.shape)
    outputs = parts.cumsum(0) + forward.base
    every = truth.expand_as(outputs).flatten(0, 1)
    return mean_square(outputs.flatten(0, 1), every, coder.d_out).sum()


def _stack(
    codes: Codes, part: Int[Tensor, " active"], n_parts: int
) -> tuple[Codes, Int[Tensor, " active"]]:
    """Codes of n_parts x rows, entries going to the row of their part, so that one product
    decodes all parts; and which entry each was."""
    rows = part * codes.n_rows + codes.rows()
    order = torch.sort(rows, stable=True).indices
    counts = torch.bincount(rows, minlength=n_parts * codes.n_rows)
    offsets = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    stacked = Codes(codes.n_features, offsets, codes.features[order], codes.values[order])
    return stacked, order


def _gate_loss(coder: SparseCoder, forward: Forward, truth: Tensor) -> Tensor:
    """The gates alone reconstruct, through decoders that do not learn from it (Rajamanoharan et
    al. 2024, eq. 8)."""
    codes = [active.codes for active in forward.active]
    gates = [active.gate for active in forward.active if active.gate is not None]
    outputs = coder.decode(codes, gates, forward.base.detach(), frozen=True)
    return mean_square(outputs, truth, coder.d_out).sum()


def aux_loss(
    coder: SparseCoder,
    forward: Forward,
    truth: Float[Tensor, "token written"],
    dead: list[Bool[Tensor, " features"]],
) -> Float[Tensor, ""]:
    """Dead features reconstruct the detached residual (Gao et al. 2024, "Scaling and evaluating
    sparse autoencoders", appendix A.2), d / 2 of them a token; the decoder bias is not added
    again. Relative to the residual's size, as published."""
    residual = (truth - forward.outputs).detach()
    k = max(coder.d_out // 2, 1)
    codes: list[Codes] = []
    values = []
    for i, read in enumerate(forward.inputs):
        codes.append(_largest_of(coder, i, read, dead[i].nonzero()[:, 0], k))
        bias, weight = coder.encoder_biases[i], coder.encoders[i]
        values.append(encode_entries(codes[i], bias, weight, read, coder.gradients))
    error = mean_square(coder.decode(codes, values), residual, coder.d_out)
    size = residual.view(len(residual), -1, coder.d_out).square().mean((0, 2))
    size = coder.mesh.mean_data(size)
    return (error / size.clamp(min=1e-12)).sum()


def _largest_of(
    coder: SparseCoder, i: int, read: Tensor, features: Int[Tensor, " some"], k: int
) -> Codes:
    """The k largest of some features, named as the encoder names them."""
    pre = coder.pre_activations_of(i, read, features)
    found = top_k(pre, k, coder.gradients.kernels, coder.mesh)
    n_features = len(coder.encoders[i])
    return Codes(n_features, found.offsets, features[found.features], found.values)


def pre_activation_loss(
    coder: SparseCoder, forward: Forward, dead: list[Bool[Tensor, " features"]]
) -> Float[Tensor, ""]:
    """How far dead features are below their thresholds, summed over features, per token (Conerly
    et al. 2025, "Dictionary Learning Optimization Techniques"; there over all features, here over
    dead ones, so that the cost is theirs alone)."""
    total = forward.outputs.new_zeros(())
    for i, (read, which) in enumerate(zip(forward.inputs, dead, strict=True)):
        rows = which.nonzero()[:, 0]
        weight, bias = coder.encoders[i], coder.encoder_biases[i]
        pre = torch.addmm(bias[rows], read, weight.index_select(0, rows).T)
        limit = getattr(coder.rule(i), "threshold", None)
        below = (0.0 if limit is None else limit[rows]) - pre
        total = total + below.relu().sum() / len(read)
    return total
