"""Queries and keys of one layer on one prompt, linear in the stream that enters its attention.

With the denominators of the norms frozen, the query of a head at a position is affine in the
stream there, and so is a key: norm, projection, norm of queries and keys, and rotary embedding
are each linear or frozen. The score of a query and a key is then bilinear, up to a soft-cap,
which is frozen as the factor cap tanh(s / cap) / s.
"""

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from microtome.errors import MicrotomeError
from microtome.model.adapter import Projection
from microtome.model.frozen import FrozenModel, wide
from microtome.model.language_model import LanguageModel
from microtome.model.norm import FrozenNorm, freeze_norm
from microtome.model.site import Site

Rotate = Callable[[Tensor, int | slice], Tensor]
"""Rotates [rows, heads, d_head] as at one position, or row by row as at a slice of them."""


@dataclass(frozen=True)
class FrozenSide:
    """Queries or keys of one layer: y(p) = rotate_p(norm(attn_norm(x(p)) @ weight + bias))."""

    attn_norm: FrozenNorm
    weight: Float[Tensor, "d width"]
    norm: FrozenNorm | None
    """Of queries or keys, over [position x heads, d_head], or over [position, width]."""
    rotate: Rotate
    value: Float[Tensor, "position heads d_head"]
    """What the run computed: rotated, normed, unscaled."""

    @property
    def n_heads(self) -> int:
        return self.value.shape[1]

    @property
    def scale(self) -> Float[Tensor, "position heads"]:
        """The frozen factor of the norm of queries or keys; ones without one."""
        n, heads, _ = self.value.shape
        if self.norm is None:
            return self.value.new_ones(n, heads)
        return self.norm.scale.view(n, -1).expand(n, heads)

    def vectors(self, head: int, position: int) -> Float[Tensor, "d_head d"]:
        """Gradient of every component with respect to the stream at the position."""
        pulled = self.attn_norm.fold_input(self.weight.T).T * self.attn_norm.scale[position]
        mapped = self._normed(pulled, position)
        return self.rotate(mapped, position)[:, head].T

    def _normed(self, rows: Tensor, position: int) -> Float[Tensor, "rows heads d_head"]:
        """Rows through the linear part of the norm at a position."""
        split = rows.unflatten(-1, (self.n_heads, -1))
        if self.norm is None:
            return split
        whole = len(self.norm.weight) != split.shape[-1]
        folded = self.norm.fold_output(rows if whole else split)
        return folded.view_as(split) * self.scale[position][:, None]


@dataclass(frozen=True)
class QueriesKeys:
    """One layer's queries, keys and scores on one prompt."""

    layer: int
    queries: FrozenSide
    keys: FrozenSide
    scaling: float
    """What q . k is multiplied by."""
    factor: Float[Tensor, "heads query key"]
    """The frozen soft-cap: capped over uncapped score; ones where there is none."""
    scores: Float[Tensor, "heads query key"]
    """What the softmax saw, before the mask."""
    visible: Bool[Tensor, "query key"]

    def check(self, head: int, query: int, key: int) -> tuple[int, int]:
        """The positions, counted from 0.

        Raises:
            MicrotomeError: no such head or position, or the query does not see the key.
        """
        heads, n, _ = self.scores.shape
        if not 0 <= head < heads:
            raise MicrotomeError(f"head {self.layer}.{head}: layer {self.layer} has {heads} heads")
        for position in (query, key):
            if not -n <= position < n:
                raise MicrotomeError(f"position {position} is not in a prompt of {n} tokens")
        query, key = query % n, key % n
        if key > query:
            raise MicrotomeError(
                f"the key at position {key} comes after the query at {query}; a query sees itself "
                f"and what is before it"
            )
        if not bool(self.visible[query, key]):
            raise MicrotomeError(
                f"layer {self.layer} has a sliding window: the query at position {query} does not "
                f"see the key at {key}, so there is no score to explain"
            )
        return query, key

    def key_head(self, head: int) -> int:
        """The key head that a query head looks with."""
        return head * self.keys.n_heads // self.queries.n_heads


@torch.no_grad()
def freeze_queries_keys(
    model: LanguageModel, frozen: FrozenModel, tokens: Int[Tensor, "1 position"], layer: int
) -> QueriesKeys:
    """Freeze queries and keys of a layer on the prompt that was frozen.

    The model runs once more, up to that layer, for its rotary embeddings, its mask and its
    pattern; the pattern has to follow from the scores.

    Raises:
        MicrotomeError: no such layer, or the adapter row does not describe the family's scores.
    """
    if not 0 <= layer < model.n_layers:
        raise MicrotomeError(f"layer {layer}: {model.name} has {model.n_layers} layers")
    attn = model.part(layer, model.adapter.attn)
    assert attn is not None
    site = Site("attn.pattern", layer)
    with _calls_seen(attn) as seen:
        pattern = wide(model.capture(tokens, [site])[site][0])
    norm = frozen.layers[layer].attn_norm
    read = norm.linear(frozen.streams[2 * layer]) + norm.constant
    rotations = _rotations(attn, seen.get("position_embeddings"))
    sides = [
        _freeze_side(model, attn, norm, read, which, rotation)
        for which, rotation in zip(("query", "key"), rotations, strict=True)
    ]
    return _scored(model, attn, layer, sides, seen.get("attention_mask"), pattern)


@contextmanager
def _calls_seen(attn: nn.Module) -> Iterator[dict[str, Any]]:
    """Keep the arguments by name of the attention module's call inside the block."""
    signature, seen = inspect.signature(attn.forward), {}

    def hook(module: nn.Module, args: tuple, kwargs: dict) -> None:
        seen.update(signature.bind(*args, **kwargs).arguments)

    handle = attn.register_forward_pre_hook(hook, with_kwargs=True)
    try:
        yield seen
    finally:
        handle.remove()


def _rotations(attn: nn.Module, embeddings: tuple[Tensor, Tensor] | None) -> tuple[Rotate, Rotate]:
    """The family's own rotary embedding of queries and of keys: it is linear in both."""
    if embeddings is None:
        return _unrotated, _unrotated
    apply = sys.modules[type(attn).__module__].apply_rotary_pos_emb
    cos, sin = (wide(part) for part in embeddings)

    def rotation(which: int) -> Rotate:
        def rotate(rows: Tensor, at: int | slice) -> Tensor:
            at = slice(at, at + 1) if isinstance(at, int) else at
            heads_first = rows.transpose(0, 1)[None]
            rotated = apply(heads_first, heads_first, cos[:, at], sin[:, at])[which]
            return rotated[0].transpose(0, 1)

        return rotate

    return rotation(0), rotation(1)


def _unrotated(rows: Tensor, at: int | slice) -> Tensor:
    return rows


def _freeze_side(
    model: LanguageModel,
    attn: nn.Module,
    attn_norm: FrozenNorm,
    read: Float[Tensor, "position d"],
    which: str,
    rotate: Rotate,
) -> FrozenSide:
    row = model.adapter
    reader, heads = (
        (row.queries, model.n_heads) if which == "query" else (row.keys, model.n_kv_heads)
    )
    name = row.query_norm if which == "query" else row.key_norm
    width = heads * model.d_head
    weight, bias = _wide(reader(attn, width))
    rows = read @ weight if bias is None else read @ weight + bias
    norm = None
    if name is not None:
        module = attn.get_submodule(name)
        assert isinstance(module.weight, Tensor)
        rows = rows.view(-1, module.weight.numel())
        given = module(rows.to(module.weight.dtype))
        where = f"{name} of layer {attn.layer_idx}"
        norm = freeze_norm(module, rows, wide(given), row.unit_offset, where)
        rows = norm.linear(rows) + norm.constant
    value = rotate(rows.view(len(read), heads, -1), slice(None))
    return FrozenSide(attn_norm, weight, norm, rotate, value)


def _wide(p: Projection) -> tuple[Tensor, Tensor | None]:
    return wide(p.weight.detach()), None if p.bias is None else wide(p.bias.detach())


def _scored(
    model: LanguageModel,
    attn: nn.Module,
    layer: int,
    sides: list[FrozenSide],
    mask: Tensor | None,
    pattern: Float[Tensor, "heads query key"],
) -> QueriesKeys:
    queries, keys = sides
    scaling = float(attn.scaling)  # pyright: ignore[reportArgumentType]
    shared = keys.value.repeat_interleave(queries.n_heads // keys.n_heads, 1)
    raw = torch.einsum("qhv,khv->hqk", queries.value, shared) * scaling
    factor = torch.ones_like(raw)
    cap = getattr(attn, model.adapter.score_cap) if model.adapter.score_cap else None
    if cap is not None:
        factor = torch.where(raw == 0, factor, cap * torch.tanh(raw / cap) / raw)
    scores = raw * factor
    visible = torch.ones_like(raw[0], dtype=torch.bool).tril()
    if mask is not None:
        visible &= (mask if mask.dtype == torch.bool else mask == 0)[0, 0]
    _check(model, layer, scores.masked_fill(~visible, -torch.inf).softmax(-1), pattern)
    return QueriesKeys(layer, queries, keys, scaling, factor, scores, visible)


def _check(model: LanguageModel, layer: int, found: Tensor, pattern: Tensor) -> None:
    half = model.dtype in (torch.float16, torch.bfloat16)
    off = float((found - pattern).abs().max())
    if not off <= (5e-2 if half else 1e-4):
        raise MicrotomeError(
            f"the scores of layer {layer} of {model.name} do not give the pattern that it used "
            f"(off by {off:.1e}); its adapter row does not describe its queries and keys"
        )
