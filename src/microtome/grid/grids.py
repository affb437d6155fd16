"""Activations of features over the cells of a grid."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.dictionary import Dictionary, Encoder
from microtome.errors import MicrotomeError
from microtome.grid.places import (
    Block,
    Place,
    common_places,
    grid_blocks,
    parse_place,
    place_words,
)
from microtome.grid.slots import Slot, Template, check_cells
from microtome.model import LanguageModel, Site

TOKENS_AT_ONCE = 16384
NUMBERS_AT_ONCE = 1 << 28
"""Activations held at once: more features are plotted in several passes."""

Progress = Callable[[int, int], object]
"""Called with cells done and cells to do."""

Wanted = tuple[int, int, int]
"""Encoder, feature, and which of the given positions."""


@dataclass(frozen=True)
class FeatureGrid:
    """One feature's operand plot (Lindsey et al. 2025, "On the Biology of a Large Language
    Model", section on addition)."""

    encoder: int
    feature: int
    a: Slot
    b: Slot
    values: Float[Tensor, "a b"]
    """Activations."""
    place: Place
    where: str
    """The place in words."""

    @property
    def name(self) -> str:
        return f"L{self.encoder}/{self.feature}"


@torch.no_grad()
def feature_grids(
    model: LanguageModel,
    dictionary: Dictionary,
    features: Sequence[tuple[int, int]],
    template: str | Template,
    a: Slot,
    b: Slot,
    position: str | None = None,
    progress: Progress | None = None,
) -> list[FeatureGrid]:
    """Operand plots of features over all values of two slots.

    Args:
        model: with a fast tokenizer.
        dictionary: of the features.
        features: encoder and feature of each.
        template: a prompt with {a} and {b}.
        a: name and values of the first slot, the rows.
        b: of the second, the columns.
        position: `a` or `b` (last token of the value), `last`, or a number; by default each
            feature where it is strongest, by its mean over the grid, the same place in all
            cells.
        progress: called with cells done and to do.

    Raises:
        MicrotomeError: a template without the slots, no cells or too many, a feature or position
            that is not there, a dictionary of another model, or prompts that it cannot read.
    """
    template = template if isinstance(template, Template) else Template(template)
    check_cells(a, b)
    _check(dictionary, features)
    blocks = grid_blocks(model, template, a, b)
    named = parse_place(position, blocks)
    places = [named] if named else common_places(blocks, dictionary.skip_first)
    cells = len(a.values) * len(b.values)
    at_once = max(NUMBERS_AT_ONCE // (len(places) * cells), 1)
    grids = []
    for start in range(0, len(features), at_once):
        part = features[start : start + at_once]
        found = _activations_of(model, dictionary, part, blocks, places, cells, progress)
        for (encoder, feature), mine in zip(part, found, strict=True):
            best = int(mine.mean(1).argmax())
            values = mine[best].view(len(a.values), len(b.values))
            where = place_words(places[best], model, blocks)
            grids.append(FeatureGrid(encoder, feature, a, b, values, places[best], where))
    return grids


def _check(dictionary: Dictionary, features: Sequence[tuple[int, int]]) -> None:
    sizes = dictionary.n_features
    for encoder, feature in features:
        if not (0 <= encoder < len(sizes) and 0 <= feature < sizes[encoder]):
            raise MicrotomeError(
                f"feature L{encoder}/{feature} does not exist: {dictionary.name} has encoders 0 to "
                f"{len(sizes) - 1} of {', '.join(map(str, dict.fromkeys(sizes)))} features"
            )


def _activations_of(
    model: LanguageModel,
    dictionary: Dictionary,
    features: Sequence[tuple[int, int]],
    blocks: Sequence[Block],
    places: Sequence[Place],
    cells: int,
    progress: Progress | None,
) -> Float[Tensor, "features places cells"]:
    wanted = [(e, f, i) for e, f in features for i in range(len(places))]
    found, done = torch.zeros(len(wanted), cells), 0
    for block in blocks:
        at = torch.stack([block.positions(place) for place in places])
        step = max(TOKENS_AT_ONCE // block.tokens.shape[1], 1)
        for part in torch.arange(len(block.tokens)).split(step):
            if progress is not None:
                progress(done, cells)
            values = activations_at(model, dictionary, block.tokens[part], at[:, part], wanted)
            found[:, block.cells[part]] = values
            done += len(part)
    if progress is not None:
        progress(cells, cells)
    return found.view(len(features), len(places), cells)


@torch.no_grad()
def activations_at(
    model: LanguageModel,
    dictionary: Dictionary,
    tokens: Int[Tensor, "n position"],
    positions: Int[Tensor, "places n"],
    wanted: Sequence[Wanted],
) -> Float[Tensor, "wanted n"]:
    """Activations of features at some positions of prompts of one length.

    Args:
        model: the model.
        dictionary: of the features.
        tokens: ids of the prompts.
        positions: of every place in every prompt.
        wanted: which features at which of the places.

    Raises:
        MicrotomeError: activations are not finite.
    """
    encoders = sorted({encoder for encoder, _, _ in wanted})
    sites = sorted({dictionary.reads[i] for e in encoders for i in dictionary.sources[e]})
    run = model.capture(tokens, sites)
    like = torch.empty(0, dtype=torch.promote_types(model.dtype, torch.float32))
    out, rows = torch.zeros(len(wanted), len(tokens)), torch.arange(len(tokens))
    for encoder, place in sorted({(encoder, place) for encoder, _, place in wanted}):
        read = [
            run[Site.parse(dictionary.reads[i])].to(like.dtype)[rows, positions[place]]
            for i in dictionary.sources[encoder]
        ]
        x = torch.cat(read, -1)
        if x.shape[-1] != dictionary.encoders[encoder].weight.shape[1]:
            raise MicrotomeError(
                f"{dictionary.name} reads activations of another width than {model.name} has; use "
                f"a dictionary that was trained on this model"
            )
        if not bool(x.sum().isfinite()):
            raise MicrotomeError(
                f"activations at {dictionary.reads[dictionary.sources[encoder][0]]} are not "
                f"finite; load the model in a wider dtype"
            )
        mine = [i for i, (e, _, p) in enumerate(wanted) if (e, p) == (encoder, place)]
        features = torch.tensor([wanted[i][1] for i in mine])
        out[mine] = _activations(dictionary.encoders[encoder], x, features).T.float().cpu()
    return out


def _activations(
    encoder: Encoder, x: Float[Tensor, "n d"], features: Int[Tensor, " k"]
) -> Float[Tensor, "n k"]:
    """Of some features; no others are computed, but for topk, which looks at all of them."""
    every = encoder.activation.kind == "topk"
    some = slice(None) if every else features
    weight, bias = (t[some].to(x.device, x.dtype) for t in (encoder.weight, encoder.bias))
    activation = encoder.activation if every else encoder.activation.select(features)
    pre = torch.addmm(bias, x, weight.T)
    made = torch.where(activation.to(x.device, x.dtype).active(pre), pre, 0.0)
    return made[:, features] if every else made
