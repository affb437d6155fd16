"""A made-up corpus of words in which feature i is active on word i, and its atlas."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from microtome.artifact import Manifest, new_artifact
from microtome.atlas.page import Band, Example, FeaturePage, Histogram
from microtome.explain.material import Material, divide
from microtome.explain.options import ExplainOptions

WIDTH = 12
_SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ka", "le", "mi")
WORDS = [f" {a}{b}n" for a in _SYLLABLES for b in _SYLLABLES]


@dataclass(frozen=True)
class World:
    """Random texts; the strength of a feature is its own on every occurrence of its word."""

    features: int = 8
    per_feature: int = 24
    windows: int = 60
    seed: int = 0

    @cached_property
    def _texts(self) -> dict[int, list[Example]]:
        rng = np.random.default_rng(self.seed)
        found: dict[int, list[Example]] = {}
        for feature in range(self.features):
            found[feature] = []
            for n in range(self.per_feature):
                ids = rng.integers(self.features, len(WORDS), WIDTH)
                peak = int(rng.integers(WIDTH))
                ids[peak] = feature
                values = np.where(ids == feature, rng.uniform(1, 9), 0.0)
                found[feature].append(
                    Example(
                        document=1000 * feature + n,
                        position=0,
                        activation=float(values.max()),
                        peak=peak,
                        tokens=[WORDS[i] for i in ids],
                        values=values.tolist(),
                    )
                )
        return found

    @cached_property
    def absent(self) -> list[tuple[str, ...]]:
        rng = np.random.default_rng(self.seed + 1)
        ids = rng.integers(self.features, len(WORDS), (self.windows, WIDTH))
        return [tuple(WORDS[i] for i in row) for row in ids]

    def page(self, encoder: int, feature: int) -> FeaturePage:
        assert encoder == 0
        examples = sorted(self._texts[feature], key=lambda e: -e.activation)
        third = len(examples) // 3
        bands = [
            Band(name=name, low=0, high=9, examples=examples[i * third : (i + 1) * third])
            for i, name in enumerate(("top", "50% to 100%", "0% to 50%"))
        ]
        return page(feature, bands)

    def material(self, key: tuple[int, int], options: ExplainOptions) -> Material:
        return divide(self.page(*key), self.absent, options)

    @property
    def keys(self) -> list[tuple[int, int]]:
        return [(0, feature) for feature in range(self.features)]


def page(feature: int, bands: list[Band]) -> FeaturePage:
    return FeaturePage(
        id=feature, encoder=0, feature=feature, layer=0, name=f"L0/{feature}", label="",
        label_source="", density=0.01, maximum=9, dictionary="d", model="m",
        site="blocks.0.mlp.in", count=10, mean=1, quantiles={},
        histogram=Histogram(edges=[], counts=[]), bands=bands, top_logits=[], bottom_logits=[],
        active_tokens=[], before_tokens=[], positions=[], position_edges=[],
        decoder_neighbours=[], encoder_neighbours=[], coactive_neighbours=[], x=None, y=None,
        cluster=None, cluster_label="", automatic_label="", automatic_score=None,
        automatic_source="", automatic_precision=None, automatic_recall=None,
    )  # fmt: skip


def atlas_folder(folder: Path) -> Path:
    """A folder whose manifest says that it is an atlas."""
    manifest = Manifest(
        kind="atlas", schema_version=1, inputs={"dictionary": "abc", "model": "def"}
    )
    with new_artifact(folder, manifest):
        pass
    return folder
