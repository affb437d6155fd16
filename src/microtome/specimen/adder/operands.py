"""Operand plots: what a feature of the adder responds to, over all 100 x 100 pairs."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.dictionary import Dictionary
from microtome.grid.describe import Description, Names
from microtome.grid.describe import describe_grid as describe
from microtome.grid.grids import activations_at
from microtome.model import LanguageModel
from microtome.specimen.adder import world

Key = tuple[int, int, int]
"""Layer, feature, position."""

NAMES = Names("first operand", "second operand", ("first", "second"), "sum")

_AT_ONCE = 1000
"""Pairs in one forward pass."""


@torch.no_grad()
def operand_grids(
    model: LanguageModel,
    dictionary: Dictionary,
    features: Sequence[Key],
    guise: str = "equation",
    progress: Callable[[int, int], object] | None = None,
) -> dict[Key, Float[Tensor, "first second"]]:
    """Activation of features at their positions for every pair of operands, [100, 100] each.

    Lindsey et al. 2025, "On the Biology of a Large Language Model", section on addition.

    Args:
        model: an adder.
        dictionary: of the features.
        features: which, and at which positions.
        guise: how the sums are written.
        progress: called with pairs done and pairs to do.
    """
    n = world.OPERANDS
    values = torch.arange(n)
    pairs = torch.cartesian_prod(values, values)
    keys = list(dict.fromkeys(features))
    places = sorted({position for _, _, position in keys})
    wanted = [(layer, feature, places.index(position)) for layer, feature, position in keys]
    found = torch.zeros(len(keys), n * n)
    for start in range(0, len(pairs), _AT_ONCE):
        if progress is not None:
            progress(start, len(pairs))
        part = slice(start, start + _AT_ONCE)
        tokens = world.prompt_tokens(pairs[part], guise)
        positions = torch.tensor(places)[:, None].expand(-1, len(tokens))
        found[:, part] = activations_at(model, dictionary, tokens, positions, wanted)
    return {key: grid.view(n, n) for key, grid in zip(keys, found, strict=True)}


def describe_grid(grid: Float[Tensor, "first second"]) -> Description:
    """The simplest sorting of pairs of operands that explains a grid; see
    `microtome.grid.describe`."""
    return describe(grid, range(len(grid)), range(grid.shape[1]), NAMES)
