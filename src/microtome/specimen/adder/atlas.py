"""The adder's atlas: its features over all prompts, labelled with what is known of its world."""

from pathlib import Path

import torch

from microtome.atlas import AtlasContent, BuildOptions, build_atlas
from microtome.atlas.stages import Report, silent
from microtome.dictionary import Dictionary
from microtome.model import LanguageModel
from microtome.specimen.adder import world
from microtome.specimen.adder.concepts import adder_concepts

OPTIONS = BuildOptions(
    tokens=None,
    context=6,
    examples=10,
    bands=3,
    per_band=3,
    sample=256,
    before=5,
    after=5,
    sampled_tokens=90_000,
    listed=10,
)
"""Whole prompts as examples, and few of them: most of a grid is better seen as an operand plot."""
_ROWS_AT_ONCE = 1000


def all_prompts(seed: int = 0):
    """Token blocks of every pair of operands in every guise, pairs in random order."""
    order = torch.randperm(world.OPERANDS**2, generator=torch.Generator().manual_seed(seed))
    pairs = torch.stack([order // world.OPERANDS, order % world.OPERANDS], dim=-1)
    for part in pairs.split(_ROWS_AT_ONCE):
        for guise in world.GUISES:
            yield world.prompt_tokens(part, guise)


def build_adder_atlas(
    model: LanguageModel,
    dictionary: Dictionary,
    folder: Path,
    report: Report = silent,
    force: bool = False,
) -> AtlasContent | None:
    """Build the atlas of a dictionary of the adder, over all 30,000 prompts.

    Raises:
        MicrotomeError: the folder exists (without `force`), or the dictionary is not the adder's.
    """
    return build_atlas(
        model,
        dictionary,
        all_prompts,
        folder,
        OPTIONS,
        report,
        force,
        concepts=adder_concepts(),
    )
