"""Examples and random windows of features, from an atlas."""

from pathlib import Path
from typing import Protocol

import pyarrow.parquet as pq

from microtome.artifact import read_manifest
from microtome.atlas.page import FeaturePage
from microtome.atlas.schema import FEATURES, VOCABULARY, AtlasContent
from microtome.atlas.windows import Windows, read_windows
from microtome.errors import MicrotomeError
from microtome.explain.features import Key
from microtome.explain.material import Material, divide, generator
from microtome.explain.options import ExplainOptions


class Pages(Protocol):
    """Where pages of features come from: an open atlas."""

    def page(self, encoder: int, feature: int) -> FeaturePage: ...


class AtlasSource:
    """Material of features: their examples in the atlas, and its random windows."""

    def __init__(self, pages: Pages, windows: Windows, strings: list[str]):
        """
        Args:
            pages: of the features.
            windows: drawn from the corpus.
            strings: texts of the vocabulary, by token.
        """
        self._pages = pages
        self._windows = windows
        self._texts = [tuple(strings[token] for token in window) for window in windows.tokens]

    @staticmethod
    def open(atlas: Path, pages: Pages) -> "AtlasSource":
        """
        Raises:
            MicrotomeError: the atlas has no random windows.
        """
        windows = read_windows(atlas)
        if not windows.tokens:
            raise MicrotomeError(
                f"{atlas} has no random windows to score explanations on; build it with a sample "
                f"of tokens, or ask for no scores (--scored 0)"
            )
        table = pq.read_table(atlas / VOCABULARY, columns=["token", "text"]).sort_by("token")
        return AtlasSource(pages, windows, table["text"].to_pylist())

    def material(self, key: Key, options: ExplainOptions) -> Material:
        page = self._pages.page(*key)
        absent = [self._texts[window] for window in self._windows.without(page.id)]
        return divide(page, absent, options)


def active_features(atlas: Path) -> list[Key]:
    """Features that were active at all, those with most tokens first."""
    table = pq.read_table(atlas / FEATURES, columns=["id", "encoder", "feature", "count"])
    columns = (table[name].to_pylist() for name in ("count", "id", "encoder", "feature"))
    found = [row for row in zip(*columns, strict=True) if row[0] > 0]
    found.sort(key=lambda row: (-row[0], row[1]))
    return [(encoder, feature) for _, _, encoder, feature in found]


def drawn(keys: list[Key], n: int, seed: int) -> list[Key]:
    """Some features at random: their mean score estimates that of all."""
    order = generator(seed).permutation(len(keys))[:n]
    return sorted(keys[i] for i in order.tolist())


def atlas_content(atlas: Path) -> AtlasContent:
    """
    Raises:
        MicrotomeError: the folder holds no atlas, or one of a newer microtome.
    """
    return AtlasContent.model_validate(read_manifest(atlas, "atlas").content)
