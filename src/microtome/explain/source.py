"""Examples and random windows of features, from an atlas."""

import pyarrow.parquet as pq

from microtome.atlas.query import Atlas
from microtome.atlas.schema import FEATURES
from microtome.atlas.windows import read_windows
from microtome.errors import MicrotomeError
from microtome.explain.features import Key
from microtome.explain.material import Material, divide, generator
from microtome.explain.options import ExplainOptions


class AtlasSource:
    """Material of features: their examples in an atlas, and its random windows."""

    def __init__(self, atlas: Atlas, scores: bool = True):
        """
        Args:
            atlas: opened for reading.
            scores: whether explanations will be scored, for which windows are needed.

        Raises:
            MicrotomeError: the atlas has no random windows.
        """
        self._atlas = atlas
        self._windows = read_windows(atlas.folder)
        if scores and not self._windows.tokens:
            raise MicrotomeError(
                f"{atlas.folder} has no random windows to score explanations on; build it with a "
                f"sample of tokens, or ask for no scores (--scored 0)"
            )
        self._texts = [tuple(map(atlas.string, window)) for window in self._windows.tokens]

    def material(self, key: Key, options: ExplainOptions) -> Material:
        page = self._atlas.page(*key)
        absent = [self._texts[window] for window in self._windows.without(page.id)]
        return divide(page, absent, options)


def active_features(atlas: Atlas) -> list[Key]:
    """Features that were active at all, those with most tokens first."""
    table = pq.read_table(atlas.folder / FEATURES, columns=["id", "encoder", "feature", "count"])
    columns = (table[name].to_pylist() for name in ("count", "id", "encoder", "feature"))
    found = [row for row in zip(*columns, strict=True) if row[0] > 0]
    found.sort(key=lambda row: (-row[0], row[1]))
    return [(encoder, feature) for _, _, encoder, feature in found]


def drawn(keys: list[Key], n: int, seed: int) -> list[Key]:
    """Some features at random: their mean score estimates that of all."""
    order = generator(seed).permutation(len(keys))[:n]
    return sorted(keys[i] for i in order.tolist())
