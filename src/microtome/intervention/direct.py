"""Direct effects: what a change does when attention, norms and all MLPs are held.

This runs the real model's modules, so it shares no code with attribution, whose edges it must
reproduce: a source removed from the stream changes each target by exactly minus its edge.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Run, Site
from microtome.model.frozen import FrozenModel, freeze, norms_held, sites_to_freeze
from microtome.model.hooks import Edit


@dataclass(frozen=True)
class HeldRun:
    """One prompt's run, to be repeated with everything but a change held."""

    model: LanguageModel
    tokens: Int[Tensor, "1 position"]
    run: Run
    frozen: FrozenModel
    reads: tuple[Site, ...] = ()
    """Inputs of linear skips, by layer."""
    skips: tuple[Float[Tensor, "d d"] | None, ...] = ()


@torch.no_grad()
def hold(
    model: LanguageModel, tokens: Int[Tensor, "1 position"], dictionary: Dictionary | None = None
) -> HeldRun:
    """Run a prompt once and keep what `direct_effect` will hold.

    With a dictionary that has a linear skip, MLP outputs follow their input through the skip and
    are held otherwise.
    """
    reads = tuple(Site.parse(name) for name in dictionary.reads) if dictionary else ()
    run = model.run(tokens, [*sites_to_freeze(model), *reads])
    skips = dictionary.to(model.device, model.dtype).skips if dictionary else ()
    return HeldRun(model, tokens, run, freeze(model, run), reads, skips)


@torch.no_grad()
def direct_effect(
    held: HeldRun,
    changes: Mapping[Site, Float[Tensor, "batch position d"]],
    capture: Sequence[Site],
) -> dict[Site, Tensor]:
    """Change of activations when vectors are added at sites and all else is held.

    Args:
        held: the prompt's run.
        changes: vectors to add, a batch of changes to the same prompt; at `embed` or `mlp.out`.
        capture: where to measure.

    Returns:
        By site, activation with the change less activation without it: [batch, position, d].
    """
    for site in changes:
        if site.kind not in ("embed", "mlp.out"):
            raise MicrotomeError(f"a direct effect starts at embed or mlp.out, not at {site}")
    model = held.model
    batch = len(next(iter(changes.values())))
    capture = list(capture)
    with norms_held(model, held.frozen):
        baseline = model.run(held.tokens, capture, _edits(held, {}))
        changed = model.run(held.tokens.expand(batch, -1), capture, _edits(held, changes))
    return {site: changed[site] - baseline[site] for site in capture}


def _edits(held: HeldRun, changes: Mapping[Site, Tensor]) -> dict[Site, Edit]:
    edits: dict[Site, Edit] = {}
    if (embed := Site("embed")) in changes:
        edits[embed] = _add(changes[embed])
    for layer in range(held.model.n_layers):
        pattern, out = Site("attn.pattern", layer), Site("mlp.out", layer)
        edits[pattern] = _hold(held.run[pattern])
        moved: dict[int, Tensor] = {}
        skip = held.skips[layer] if held.skips else None
        if skip is not None:
            # the MLP's input passes before its output, so the skip's move is known by then
            read = held.reads[layer]
            edits[read] = _follow(moved, held.run[read], skip)
        edits[out] = _hold(held.run[out], changes.get(out), moved)
    return edits


def _add(change: Tensor) -> Edit:
    return lambda x: x + change


def _hold(value: Tensor, change: Tensor | None = None, moved: dict[int, Tensor] | None = None):
    def edit(x: Tensor) -> Tensor:
        held = value.expand_as(x)
        if change is not None:
            held = held + change
        return held + moved[0] if moved else held

    return edit


def _follow(moved: dict[int, Tensor], before: Tensor, skip: Tensor) -> Edit:
    def edit(x: Tensor) -> Tensor:
        moved[0] = (x - before) @ skip
        return x

    return edit
