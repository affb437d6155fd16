"""Harvesting: activations of a model at sites, over many tokens."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.model import LanguageModel, Site


def harvest(
    model: LanguageModel,
    blocks: Sequence[Int[Tensor, "_ _"]],
    sites: Sequence[str],
    skip_first: bool = True,
    max_tokens: int | None = None,
    tokens_at_once: int = 8192,
    progress: Callable[[int], None] | None = None,
) -> list[Float[Tensor, "token d"]]:
    """Activations at every site, token after token, in float32 in memory.

    Args:
        model: the model to run.
        blocks: token blocks; rows of one tensor have one length.
        sites: names of the sites, all of width d_model.
        skip_first: leave out position 0, whose norm is far from that of other tokens.
        max_tokens: stop after so many tokens.
        tokens_at_once: size of a forward pass.
        progress: called with the tokens harvested so far.
    """
    parsed = [Site.parse(site) for site in sites]
    found: list[list[Tensor]] = [[] for _ in sites]
    done, first = 0, int(skip_first)
    for block in blocks:
        for part in block.split(max(tokens_at_once // block.shape[1], 1)):
            if max_tokens is not None and done >= max_tokens:
                break
            run = model.run(part, parsed)
            for kept, site in zip(found, parsed, strict=True):
                kept.append(run[site][:, first:].flatten(0, 1).float().cpu())
            done += part[:, first:].numel()
            if progress:
                progress(done)
    return [torch.cat(parts)[:max_tokens] for parts in found]
