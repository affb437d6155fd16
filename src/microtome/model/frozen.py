"""The frozen linear model of one prompt.

With attention patterns and norm denominators held at what one run computed, and MLP outputs
taken as given, everything left in a transformer is affine in the token embeddings and the MLP
outputs (Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits"; Ameisen et al.
2025, "Circuit Tracing"). The maps here fold norm weights into the weights of attention, and norm
scales into its pattern, so that pulling a gradient through a layer's attention is two matrix
products and one mixing of positions.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from microtome.errors import MicrotomeError
from microtome.model.language_model import LanguageModel, Run
from microtome.model.norm import FrozenNorm, freeze_norm
from microtome.model.site import Site


@dataclass(frozen=True)
class FrozenAttention:
    """Attention of one layer, from the stream that enters it to what it adds to the stream.

    out[q] = sum over heads h and keys k of pattern[h, q, k] * (x[k] @ values[h]) @ output[h],
    plus `constant[q]`. Norm weights are folded into `values` and `output`, the denominators of
    the norms before and after into `pattern`.
    """

    values: Float[Tensor, "d kv_heads d_head"]
    output: Float[Tensor, "heads d_head d"]
    pattern: Float[Tensor, "heads query key"]
    constant: Float[Tensor, "position d"]
    """Biases of the values, the output and the norms, after the pattern has mixed them."""

    @property
    def group(self) -> int:
        """Query heads that share one key-value head."""
        return self.output.shape[0] // self.values.shape[1]

    def linear(self, x: Float[Tensor, "position d"]) -> Float[Tensor, "position d"]:
        """The linear part, forwards."""
        values = torch.einsum("kd,dgv->gkv", x, self.values).repeat_interleave(self.group, 0)
        return torch.einsum("hqk,hkv,hvd->qd", self.pattern, values, self.output)


@dataclass(frozen=True)
class FrozenLayer:
    attention: FrozenAttention
    attn_norm: FrozenNorm
    attn_post_norm: FrozenNorm
    mlp_norm: FrozenNorm


@dataclass(frozen=True)
class FrozenModel:
    """One prompt's frozen model: layers, norms, unembedding, and the embeddings that enter it."""

    layers: tuple[FrozenLayer, ...]
    final_norm: FrozenNorm
    unembed: Float[Tensor, "d vocabulary"]
    unembed_bias: Float[Tensor, " vocabulary"] | None
    tokens: Float[Tensor, "position d"]
    """Token embeddings, as they enter the stream."""
    positions: Float[Tensor, "position d"]
    """Position embeddings; zeros where the family has none."""
    parallel: bool
    """Attention and MLP of a block both read the stream that enters the block."""
    streams: Float[Tensor, "depth position d"]
    """What the run had in the stream: at depth 2l what enters block l, at 2l + 1 what lies
    between its attention and its MLP (zeros where `parallel`), at the end the last output."""

    @property
    def n_positions(self) -> int:
        return len(self.tokens)

    @property
    def n_layers(self) -> int:
        return len(self.layers)

    def read(self, site: Site) -> FrozenNorm:
        """How a dictionary's input follows from the stream at the MLP of its layer.

        Raises:
            MicrotomeError: the site is not an input of an MLP.
        """
        if site.layer is None or not 0 <= site.layer < self.n_layers:
            raise MicrotomeError(f"site {site} is not in a model of {self.n_layers} layers")
        norm = self.layers[site.layer].mlp_norm
        if site.kind == "mlp.in":
            return norm
        if site.kind == "mlp.normalized":
            return replace(
                norm,
                weight=torch.ones_like(norm.weight),
                constant=torch.zeros_like(norm.constant),
            )
        if site.kind == ("resid.pre" if self.parallel else "resid.mid"):
            return freeze_norm(None, norm.constant, norm.constant, False, str(site))
        raise MicrotomeError(
            f"site {site} does not follow linearly from the stream at one position; read the "
            f"stream (resid.pre, resid.post) or the input of an MLP (mlp.in)"
        )


def sites_to_freeze(model: LanguageModel) -> list[Site]:
    """The sites that `freeze` needs captured."""
    kinds = ["resid.pre", "attn.pattern", "attn.head.out", "attn.out", "mlp.out", "resid.post"]
    if not model.parallel:
        kinds.append("resid.mid")
    blocks = [Site(kind, layer) for layer in range(model.n_layers) for kind in kinds]
    return [Site("embed"), *blocks, Site("final")]


@torch.no_grad()
def freeze(model: LanguageModel, run: Run) -> FrozenModel:
    """Freeze the patterns and norms of a run of one prompt that captured `sites_to_freeze`.

    Raises:
        MicrotomeError: an activation is not finite (the message names the first such site), or a
            norm is not what the family's adapter row says.
    """
    check_finite(run)
    embedded = wide(run["embed"][0])
    positions = torch.zeros_like(embedded)
    if model.adapter.position_embed:
        table = model.hf.get_submodule(model.adapter.position_embed).weight
        assert isinstance(table, Tensor)
        positions = wide(table[: len(embedded)].detach())
    last = Site("resid.post", model.n_layers - 1)
    unembed = model.unembed
    return FrozenModel(
        layers=tuple(_freeze_layer(model, run, layer) for layer in range(model.n_layers)),
        final_norm=_freeze(model, model.final_norm, run[last][0], run["final"][0], "final norm"),
        unembed=wide(unembed.weight.detach()),
        unembed_bias=None if unembed.bias is None else wide(unembed.bias.detach()),
        tokens=embedded - positions,
        positions=positions,
        parallel=model.parallel,
        streams=torch.stack([wide(x) for x in _streams(model, run)]),
    )


def _streams(model: LanguageModel, run: Run) -> list[Tensor]:
    streams = []
    for layer in range(model.n_layers):
        before = run[Site("resid.pre", layer)][0]
        between = Site("resid.mid", layer)
        streams += [before, torch.zeros_like(before) if model.parallel else run[between][0]]
    return [*streams, run[Site("resid.post", model.n_layers - 1)][0]]


def check_finite(run: Run) -> None:
    """Refuse activations that are not finite, naming the first site of the forward pass."""
    from microtome.model.site import KINDS

    def depth(site: Site) -> tuple[int, int]:
        if site.layer is None:
            return (-1, 0) if site.kind == "embed" else (10**9, 0)
        return site.layer, KINDS.index(site.kind)

    for site in sorted(run.activations, key=depth):
        bad = ~torch.isfinite(run.activations[site])
        if bool(bad.any()):
            raise MicrotomeError(
                f"activations at site {site} are not finite ({int(bad.sum())} of {bad.numel()} "
                f"values are NaN or infinite); check the model's weights, or load it in float32"
            )
    if not bool(torch.isfinite(run.logits).all()):
        raise MicrotomeError("the logits are not finite; check the unembedding's weights")


def _freeze(model: LanguageModel, norm: nn.Module | None, x: Tensor, y: Tensor, name: str):
    return freeze_norm(norm, wide(x), wide(y), model.adapter.unit_offset, name)


def wide(x: Tensor) -> Tensor:
    """Half-precision tensors in float32; others as they are."""
    return x if x.dtype == torch.float64 else x.float()


def _freeze_layer(model: LanguageModel, run: Run, layer: int) -> FrozenLayer:
    row, block = model.adapter, f"blocks.{layer}"
    attn_norm = model.part(layer, row.attn_norm)
    mlp_norm = model.part(layer, row.mlp_norm)
    post_norm = model.part(layer, row.attn_post_norm)
    output = model.part(layer, f"{row.attn}.{row.attn_output}")
    assert output is not None
    stream = run[f"{block}.resid.pre"]
    read = stream if model.parallel else run[f"{block}.resid.mid"]
    heads_out = output(run[f"{block}.attn.head.out"].flatten(-2))
    attn_out = run[f"{block}.attn.out"]
    norms = {
        "attn_norm": (attn_norm, stream, attn_norm(stream) if attn_norm else stream),
        "attn_post_norm": (post_norm, heads_out, attn_out if post_norm else heads_out),
        "mlp_norm": (mlp_norm, read, mlp_norm(read) if mlp_norm else read),
    }
    frozen = {
        name: _freeze(model, norm, x[0], y[0], f"{block} {name}")
        for name, (norm, x, y) in norms.items()
    }
    pattern = wide(run[f"{block}.attn.pattern"][0])
    attention = _freeze_attention(
        model, layer, pattern, frozen["attn_norm"], frozen["attn_post_norm"]
    )
    return FrozenLayer(attention, **frozen)


def _freeze_attention(
    model: LanguageModel,
    layer: int,
    pattern: Float[Tensor, "heads query key"],
    norm: FrozenNorm,
    post_norm: FrozenNorm,
) -> FrozenAttention:
    values, output = model.attention_maps(layer)
    v_weight, o_weight = wide(values.weight.detach()), wide(output.weight.detach())
    constant_values = norm.constant @ v_weight
    if values.bias is not None:
        constant_values = constant_values + wide(values.bias.detach())
    kv = constant_values.unflatten(-1, (model.n_kv_heads, model.d_head)).transpose(0, 1)
    mixed = pattern @ kv.repeat_interleave(model.n_heads // model.n_kv_heads, 0)
    constant = mixed.transpose(0, 1).flatten(-2) @ o_weight
    if output.bias is not None:
        constant = constant + wide(output.bias.detach())
    folded_values = norm.fold_input(v_weight.T).T
    return FrozenAttention(
        values=folded_values.unflatten(-1, (model.n_kv_heads, model.d_head)),
        output=post_norm.fold_output(o_weight).unflatten(0, (model.n_heads, model.d_head)),
        pattern=post_norm.scale * pattern * norm.scale.T,
        constant=post_norm.linear(constant) + post_norm.constant,
    )


@contextmanager
def norms_held(model: LanguageModel, frozen: FrozenModel) -> Iterator[None]:
    """Run the model with every norm before, after and behind attention held linear.

    The MLP's own post norm is left alone: `mlp.out` lies behind it.
    """
    row = model.adapter
    held: list[tuple[nn.Module | None, FrozenNorm]] = [(model.final_norm, frozen.final_norm)]
    for layer, parts in enumerate(frozen.layers):
        held.append((model.part(layer, row.attn_norm), parts.attn_norm))
        held.append((model.part(layer, row.attn_post_norm), parts.attn_post_norm))
        held.append((model.part(layer, row.mlp_norm), parts.mlp_norm))
    with ExitStack() as stack:
        for module, norm in held:
            if module is not None:
                stack.callback(module.register_forward_hook(_linear_hook(norm)).remove)
        yield


def _linear_hook(norm: FrozenNorm):
    def hook(module: nn.Module, args: tuple, output: Tensor) -> Tensor:
        return norm.linear(args[0]) + norm.constant

    return hook
