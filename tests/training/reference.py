"""Losses as the papers write them, dense and without any of the trainer's code: [token, feature]
matrices of which nearly everything is zero."""

import torch
from torch import Tensor


def batch_mask(pre: Tensor, k: int) -> Tensor:
    smallest = pre.flatten().sort(descending=True).values[k * len(pre) - 1]
    return (pre >= smallest) & (pre > 0)


def row_mask(pre: Tensor, k: int) -> Tensor:
    ranks = pre.argsort(1, descending=True).argsort(1)
    return (ranks < k) & (pre > 0)


class _Heaviside(torch.autograd.Function):
    """H(z - theta) with the rectangle estimator of Rajamanoharan et al. 2024, eq. 12."""

    @staticmethod
    def forward(ctx, z, theta, bandwidth):
        ctx.save_for_backward(z, theta)
        ctx.bandwidth = bandwidth
        return (z > theta).to(z.dtype)

    @staticmethod
    def backward(ctx, *grads):
        z, theta = ctx.saved_tensors
        u = (z - theta) / ctx.bandwidth
        kernel = ((u > -0.5) & (u < 0.5)).to(z.dtype)
        return None, (-grads[0] * kernel / ctx.bandwidth).sum(0), None


class _JumpReLU(torch.autograd.Function):
    """z H(z - theta), eq. 11."""

    @staticmethod
    def forward(ctx, z, theta, bandwidth):
        ctx.save_for_backward(z, theta)
        ctx.bandwidth = bandwidth
        return torch.where(z > theta, z, torch.zeros_like(z))

    @staticmethod
    def backward(ctx, *grads):
        z, theta = ctx.saved_tensors
        u = (z - theta) / ctx.bandwidth
        kernel = ((u > -0.5) & (u < 0.5)).to(z.dtype)
        pull = (-grads[0] * theta / ctx.bandwidth * kernel).sum(0)
        return torch.where(z > theta, grads[0], torch.zeros_like(z)), pull, None


def activations(p, i: int, recipe, pre: Tensor) -> tuple[Tensor, Tensor]:
    """Activations [token, feature] of an encoder, and its sparsity penalty."""
    nothing = pre.new_zeros(())
    if recipe.architecture == "topk":
        return pre * row_mask(pre.detach(), recipe.k), nothing
    if recipe.architecture in ("batchtopk", "matryoshka"):
        return pre * batch_mask(pre.detach(), recipe.k), nothing
    if recipe.architecture == "relu":
        return pre.relu(), pre.relu().sum(1).mean()
    if recipe.architecture == "gated":
        magnitude = p[f"rules.{i}.log_scale"].exp() * (pre - p[f"encoder_biases.{i}"])
        magnitude = (magnitude + p[f"rules.{i}.magnitude_bias"]).relu()
        return (pre.detach() > 0) * magnitude, pre.relu().sum(1).mean()
    theta, e = p[f"rules.{i}.threshold"], recipe.bandwidth
    a = _JumpReLU.apply(pre, theta, e)
    if recipe.penalty == "tanh":
        return a, (recipe.tanh_scale * a).tanh().sum(1).mean()
    l0 = _Heaviside.apply(pre, theta, e).sum(1).mean()
    return a, l0 if recipe.penalty == "l0" else (l0 / recipe.target_l0 - 1) ** 2


def loss(p: dict[str, Tensor], coder, x: list[Tensor], truth: Tensor, weight: float, dead):
    """Total loss of a batch, differentiable in `p` (the coder's parameters, by name)."""
    recipe, layout, d = coder.recipe, coder.layout, coder.d_out
    reads = [torch.cat([x[s] for s in sources], 1) for sources in layout.sources]
    pres = [r @ p[f"encoders.{i}"].T + p[f"encoder_biases.{i}"] for i, r in enumerate(reads)]
    pairs = [activations(p, i, recipe, pre) for i, pre in enumerate(pres)]
    active = [a for a, _ in pairs]
    total = recipe.sparsity * weight * torch.stack([penalty for _, penalty in pairs]).sum()
    base = p["decoder_bias"].expand_as(truth)
    if "skips.0" in p:
        base = base + torch.cat([v @ p[f"skips.{j}"] for j, v in enumerate(x)], 1)

    def decode(codes: list[Tensor], detach: bool = False) -> Tensor:
        out = torch.zeros_like(truth)
        for i, targets in enumerate(layout.targets):
            w = p[f"decoders.{i}"].detach() if detach else p[f"decoders.{i}"]
            lead, tail = targets[0] * d, (len(layout.writes) - targets[-1] - 1) * d
            out = out + torch.nn.functional.pad(codes[i] @ w, (lead, tail))
        return out

    def error(y: Tensor) -> Tensor:
        return (y - truth).pow(2).view(len(truth), -1, d).mean((0, 2)).sum()

    outputs = decode(active) + base
    shares = recipe.prefixes if recipe.architecture == "matryoshka" else (1.0,)
    for share in shares:
        n = round(share * recipe.features)
        first = [torch.cat([a[:, :n], torch.zeros_like(a[:, n:])], 1) for a in active]
        total = total + error(decode(first) + base) / len(shares)
    if recipe.architecture == "gated":
        gates = [pre.relu() for pre in pres]
        total = total + error(decode(gates, detach=True) + base.detach())
    if any(bool(v.any()) for v in dead):
        total = total + revival(p, coder, x, truth, outputs, dead, decode)
    return total


def revival(p, coder, x, truth, outputs, dead, decode) -> Tensor:
    recipe, d = coder.recipe, coder.d_out
    residual = (truth - outputs).detach()
    codes, lift = [], truth.new_zeros(())
    for i, sources in enumerate(coder.layout.sources):
        read = torch.cat([x[s] for s in sources], 1)
        pre = read @ p[f"encoders.{i}"].T + p[f"encoder_biases.{i}"]
        among = pre.detach().masked_fill(~dead[i], -torch.inf)
        codes.append(pre * row_mask(among, max(d // 2, 1)))
        threshold = p.get(f"rules.{i}.threshold", torch.zeros_like(pre[0]))
        lift = lift + ((threshold - pre).relu() * dead[i]).sum(1).mean()
    if recipe.dead == "pre_activation":
        return recipe.pre_activation_coefficient * lift
    if recipe.dead == "none":
        return truth.new_zeros(())
    square = (decode(codes) - residual).pow(2).view(len(truth), -1, d).mean((0, 2))
    size = residual.pow(2).view(len(truth), -1, d).mean((0, 2))
    return recipe.aux_coefficient * (square / size).sum()
