"""Attention patterns seen and replaced through transformers' attention-interface registry.

While `attention_taps` is active the model computes attention with its family's own eager
function, so soft-caps, sinks, sliding windows and grouped heads are the family's; patterns can
be read, and replaced before they meet the values. Outside it the model keeps whatever
implementation it was loaded with.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.masking_utils import eager_mask

from microtome.errors import MicrotomeError

PatternTap = Callable[[Tensor], Tensor]
"""Takes and returns a pattern [batch, head, query, key]."""

_NAME = "microtome"
_taps: ContextVar[Mapping[int, PatternTap]] = ContextVar("pattern_taps")


def _attention(module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask, **kwargs):
    eager = sys.modules[type(module).__module__].eager_attention_forward
    out, pattern = eager(module, query, key, value, mask, **kwargs)
    tap = _taps.get().get(module.layer_idx)  # pyright: ignore[reportArgumentType]
    if tap is None:
        return out, pattern
    replaced = tap(pattern)
    if replaced is pattern:
        return out, pattern
    heads = value.repeat_interleave(query.shape[1] // value.shape[1], dim=1)
    return torch.matmul(replaced, heads).transpose(1, 2).contiguous(), replaced


AttentionInterface.register(_NAME, _attention)
AttentionMaskInterface.register(_NAME, eager_mask)


def _noting(layer: int, tap: PatternTap, seen: set[int]) -> PatternTap:
    def noted(pattern: Tensor) -> Tensor:
        seen.add(layer)
        return tap(pattern)

    return noted


@contextmanager
def attention_taps(model: PreTrainedModel, taps: Mapping[int, PatternTap]) -> Iterator[None]:
    """Let `taps` (by layer) see or replace every attention pattern inside the block.

    Raises:
        MicrotomeError: the model ran, but the attention of such a layer computes its pattern by
            itself, so that it was neither seen nor replaced.
    """
    if not taps:
        yield
        return
    ran, seen = [], set[int]()
    watch = model.register_forward_hook(lambda *_: ran.append(True))
    watched = {layer: _noting(layer, tap, seen) for layer, tap in taps.items()}
    before = model.config._attn_implementation or "eager"
    model.set_attn_implementation(_NAME)
    token = _taps.set(watched)
    try:
        yield
        missed = sorted(set(taps) - seen) if ran else []
        if missed:
            raise MicrotomeError(
                f"the attention of {type(model).__name__} in layer {missed[0]} does not go through "
                f"transformers' attention interface, so its pattern can be neither read nor frozen"
            )
    finally:
        watch.remove()
        _taps.reset(token)
        model.set_attn_implementation(before)
