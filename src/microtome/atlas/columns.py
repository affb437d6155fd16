"""What lists need of every feature, in memory: about 40 bytes and a label each."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Int

from microtome.atlas.names import feature_name
from microtome.atlas.page import FeatureRow
from microtome.atlas.schema import AtlasContent
from microtome.atlas.tables import SortedTable, contains
from microtome.atlas.words import label_rank, pattern
from microtome.errors import MicrotomeError

Labels = Mapping[tuple[int, int], tuple[str, str]]
"""Labels that take the place of the atlas' own, with their source, by encoder and feature."""

SORTS = ("id", "density", "maximum", "score", "label", "match")
"""What lists are sorted by; with `-` in front from the largest down. `match`: those whose label is
most like what is searched first."""


class FeatureColumns:
    """A few columns of all features, row by id."""

    def __init__(self, content: AtlasContent, table: SortedTable):
        self.content = content
        self._table = table

    @cached_property
    def _columns(self) -> dict[str, np.ndarray]:
        names = ["encoder", "feature", "layer", "density", "maximum", "label_score"]
        table = self._table.columns(names)
        return {name: table[name].to_numpy() for name in names}

    @cached_property
    def labels(self) -> pa.Array:
        return self._text("label")

    @cached_property
    def sources(self) -> pa.Array:
        return self._text("label_source")

    def _text(self, name: str) -> pa.Array:
        column = self._table.columns([name])[name].combine_chunks()
        return column.chunk(0) if isinstance(column, pa.ChunkedArray) else column

    def __getitem__(self, name: str) -> np.ndarray:
        return self._columns[name]

    def __len__(self) -> int:
        return len(self._table)

    def id(self, encoder: int, feature: int) -> int:
        """
        Raises:
            MicrotomeError: no such feature.
        """
        encoders = self.content.encoders
        if not (0 <= encoder < len(encoders) and 0 <= feature < encoders[encoder].features):
            raise MicrotomeError(f"the atlas has no feature {encoder}/{feature}")
        return encoders[encoder].first_id + feature

    def ids_of(self, labels: Labels) -> dict[int, tuple[str, str]]:
        """Labels by id, those of features that the atlas does not have left out."""
        encoders = self.content.encoders
        return {
            encoders[e].first_id + f: label
            for (e, f), label in labels.items()
            if 0 <= e < len(encoders) and 0 <= f < encoders[e].features
        }

    def row(
        self, number: int, labels: Labels | None = None, score: float | None = None
    ) -> FeatureRow:
        """One feature as lists show it."""
        encoder, feature = int(self["encoder"][number]), int(self["feature"][number])
        own = self.labels[number].as_py(), self.sources[number].as_py()
        label, source = (labels or {}).get((encoder, feature), own)
        return FeatureRow(
            id=number,
            encoder=encoder,
            feature=feature,
            layer=int(self["layer"][number]),
            name=feature_name(self.content.encoders, encoder, feature),
            label=label or "",
            label_source=source or "",
            density=float(self["density"][number]),
            maximum=float(self["maximum"][number]),
            score=None if score is None or score != score else float(score),
        )

    def matching(self, text: str, labels: Labels | None = None) -> Bool[np.ndarray, " features"]:
        """Which labels have all the words of a text in them, or inflections of them."""
        found = contains(self.labels, text.split())
        wanted = [re.compile(pattern(word), re.IGNORECASE) for word in text.split()]
        for number, (label, _) in self.ids_of(labels or {}).items():
            found[number] = all(word.search(label) for word in wanted)
        return found

    def order(
        self,
        ids: Int[np.ndarray, " n"],
        sort: str,
        labels: Labels | None = None,
        text: str = "",
    ) -> Int[np.ndarray, " n"]:
        """Some ids in an order; features that never fire, or have no score or label, come last.
        `text` is what was searched, for the order by `match`.

        Raises:
            MicrotomeError: no such order.
        """
        name, down = sort.removeprefix("-"), sort.startswith("-")
        if name not in SORTS:
            raise MicrotomeError(
                f"cannot sort by {sort!r}; sort by {', '.join(SORTS)}, or by -{name}"
            )
        if name == "match":
            ids = self._best_first(ids, text, labels)
        if name in ("id", "match"):
            return ids[::-1] if down else ids
        if name == "label":
            keys, absent = self._label_ranks(ids, labels)
        else:
            values = self["label_score" if name == "score" else name][ids].astype(np.float64)
            absent = np.isnan(values) | (values <= 0)
            keys = np.where(absent, 0, values)
        return ids[np.lexsort((ids, -keys if down else keys, absent))]

    def _best_first(
        self, ids: Int[np.ndarray, " n"], text: str, labels: Labels | None
    ) -> Int[np.ndarray, " n"]:
        texts, scores = self._texts(ids, labels), self["label_score"][ids].tolist()
        ranks = [
            (*label_rank(text, label, score), number)
            for label, score, number in zip(texts, scores, ids.tolist(), strict=True)
        ]
        return np.array([rank[-1] for rank in sorted(ranks)], dtype=np.int64)

    def _texts(self, ids: Int[np.ndarray, " n"], labels: Labels | None) -> Sequence[str]:
        texts: Sequence[str] = self.labels.take(pa.array(ids)).to_pylist()
        own = self.ids_of(labels or {})
        return [
            own[i][0] if i in own else text or ""
            for i, text in zip(ids.tolist(), texts, strict=True)
        ]

    def _label_ranks(
        self, ids: Int[np.ndarray, " n"], labels: Labels | None
    ) -> tuple[np.ndarray, np.ndarray]:
        lowered = np.array([text.lower() for text in self._texts(ids, labels)], dtype=np.str_)
        return np.unique(lowered, return_inverse=True)[1], lowered == ""
