"""What follows from the collected, stage by stage; each is kept when the build is interrupted."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microtome.atlas import directions
from microtome.atlas.coactive import coactive_neighbours
from microtome.atlas.collect import Collected
from microtome.atlas.concepts import Concept
from microtome.atlas.directions import Arrays
from microtome.atlas.labels import label_columns
from microtome.atlas.options import BuildOptions
from microtome.data import BlockSource, TokenPolicy
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel

Report = Callable[[str, int, int], object]
"""Called with what is being done, how much of it is done, and of how much (0 where unknown)."""


def silent(stage: str, done: int, total: int) -> None:
    pass


@dataclass
class Stages:
    """Makes each stage once, and reads it from the folder of the unfinished build after that."""

    folder: Path
    model: LanguageModel
    dictionary: Dictionary
    options: BuildOptions
    collected: Collected
    report: Report

    def run(self, blocks: BlockSource, strings: list[str], concepts: Sequence[Concept]) -> Arrays:
        """Logits, neighbours, map and labels of all features."""
        k, device = self.options.listed, self.model.device
        arrays = self._kept("logits", lambda: self._logits(blocks))
        arrays |= self._kept(
            "decoder neighbours",
            lambda: directions.decoder_neighbour_columns(self.dictionary, k, device),
        )
        arrays |= self._kept(
            "encoder neighbours",
            lambda: directions.encoder_neighbour_columns(self.dictionary, k, device),
        )
        sample = self.collected.rows.by_feature(self.collected.n_features)
        arrays |= self._kept("co-activation", lambda: self._coactive(sample))
        alive = self.collected.candidates.totals.active > 0
        arrays |= self._kept(
            "map", lambda: directions.map_columns(self.dictionary, alive, self.options.seed)
        )
        return arrays | self._kept(
            "labels",
            lambda: label_columns(
                self.collected,
                sample,
                strings,
                concepts,
                arrays["top_tokens"],
                lambda done, total: self.report("labels", done, total),
            ),
        )

    def _logits(self, blocks: BlockSource) -> Arrays:
        policy = TokenPolicy.of(self.dictionary)
        scale = directions.mean_norm_scale(self.model, blocks, policy, self.options.tokens_at_once)
        return directions.logit_columns(self.model, self.dictionary, scale, self.options.listed)

    def _coactive(self, sample) -> Arrays:
        found = coactive_neighbours(sample, self.options.listed)
        return {"coactive_neighbours": found.ids, "coactive_scores": found.cosines}

    def _kept(self, name: str, make: Callable[[], Arrays]) -> Arrays:
        path = self.folder / f"{name.replace(' ', '-')}.npz"
        if path.is_file():
            with np.load(path, allow_pickle=False) as kept:
                return dict(kept)
        self.report(name, 0, 0)
        made = make()
        beside = path.with_name(f".{path.name}")
        try:
            with beside.open("wb") as file:
                np.savez(file, allow_pickle=False, **made)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except OSError as error:
            raise MicrotomeError(f"cannot write {path}: {error.strerror or error}") from error
        return made
