"""Texts that a stage of the clerk reads, as a corpus to train and evaluate dictionaries on."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from microtome.artifact.whole import whole_file
from microtome.specimen.clerk.stages import Stage
from microtome.specimen.clerk.texts import Texts
from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.world import World

Purpose = Literal["corpus", "dictionaries", "atlas"]


def stage_texts(
    world: World, stage: Stage, n: int, seed: int = 0, purpose: Purpose = "corpus"
) -> Iterator[str]:
    """Texts like those that a stage was trained on, drawn apart from them and from those for other
    purposes; short ones occur in several.

    The leading <s> is left to the tokenizer, which adds it.
    """
    source, draw = Texts(world, stage, seed), Draw(f"{purpose} {stage.name} {seed}")
    for _ in range(n):
        given, learned = source.text(draw)
        yield f"{given.removeprefix('<s>')} {learned}".strip()


def write_corpus(
    path: Path, stage: Stage, n: int, seed: int = 0, world: World | None = None
) -> None:
    """Write texts of a stage as JSON lines with a field `text`, whole or not at all."""
    lines = (json.dumps({"text": text}) for text in stage_texts(world or World(), stage, n, seed))
    whole_file(path, "\n".join(lines) + "\n")
