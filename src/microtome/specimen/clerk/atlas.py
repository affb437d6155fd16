"""The clerk's atlas: features over what a stage reads, labelled with what is known of its world."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from microtome.atlas import AtlasContent, BuildOptions, build_atlas
from microtome.atlas.concepts import NONE, KnownConcept, Tokens, Values
from microtome.atlas.stages import Report, silent
from microtome.dictionary import Dictionary
from microtome.model import LanguageModel
from microtome.specimen.clerk.dictionaries import stage_blocks
from microtome.specimen.clerk.labels import Known, known_variables
from microtome.specimen.clerk.stages import Stage
from microtome.specimen.clerk.tokenizer import CONTEXT
from microtome.specimen.clerk.world.world import World

OPTIONS = BuildOptions(
    tokens=None,
    context=CONTEXT,
    examples=8,
    bands=3,
    per_band=2,
    before=10,
    after=5,
    sampled_tokens=60_000,
    listed=8,
)
TEXTS = 10_000
_MANY = 6
"""Values of a label that are named; the others are counted."""


def build_clerk_atlas(
    stage: Stage,
    model: LanguageModel,
    dictionary: Dictionary,
    folder: Path,
    report: Report = silent,
    force: bool = False,
    texts: int = TEXTS,
    world: World | None = None,
) -> AtlasContent | None:
    """Build the atlas of a dictionary of a stage, over texts that the stage could read; of another
    world than the usual one where the stage was trained on that.

    Raises:
        MicrotomeError: the folder exists (without `force`), or the dictionary is not the stage's.
    """
    world = world or World()
    blocks = stage_blocks(world, stage, model, "atlas", texts)
    concepts = clerk_concepts(world)
    return build_atlas(
        model, dictionary, lambda: blocks, folder, OPTIONS, report, force, concepts=concepts
    )


def clerk_concepts(world: World) -> list[KnownConcept]:
    """All variables of the clerk's world, as concepts that labels are made of."""
    words = np.array(world.vocabulary())
    return [_concept(variable, words) for variable in known_variables(world)]


def _concept(variable: Known, words: np.ndarray) -> KnownConcept:
    def of_rows(tokens: Tokens) -> Values:
        values = np.full(tokens.shape, NONE, dtype=np.int64)
        for i, row in enumerate(tokens):
            inside = row >= 0
            text = words[row[inside]].tolist()
            positions = np.flatnonzero(inside)
            for place, value in variable.find(text).items():
                values[i, positions[place]] = value
        return values

    def say(found: Sequence[int]) -> str:
        named = [variable.values[value] for value in found[:_MANY]]
        more = f" and {len(found) - _MANY} more" if len(found) > _MANY else ""
        return f"{variable.name}: {', '.join(named)}{more}"

    return KnownConcept(variable.name, of_rows, say)
