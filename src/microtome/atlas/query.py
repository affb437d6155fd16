"""An atlas opened for reading: pages, lists, searches and the map, from any number of threads."""

from functools import cached_property
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from microtome.artifact import read_manifest
from microtome.artifact.printable import shortened
from microtome.atlas import names
from microtome.atlas.columns import FeatureColumns, Labels
from microtome.atlas.feature_page import band_documents, page_document
from microtome.atlas.page import (
    AtlasMap,
    ClusterRow,
    FeatureList,
    FeaturePage,
    FeatureRow,
    XRay,
)
from microtome.atlas.schema import (
    CLUSTER_COLUMNS,
    CLUSTERS,
    EXAMPLE_COLUMNS,
    EXAMPLES,
    FEATURE_COLUMNS,
    FEATURES,
    MAP,
    MAP_COLUMNS,
    VOCABULARY,
    VOCABULARY_COLUMNS,
    AtlasContent,
)
from microtome.atlas.search import active_tokens, matching_tokens, xray_ranks
from microtome.atlas.tables import SortedTable, check_name, whole_table
from microtome.errors import MicrotomeError

MOST = 1000
"""Rows of a list, at most."""


def open_atlas(folder: str | Path) -> "Atlas":
    """Open an atlas for reading; nothing but its manifest and footers is read yet.

    Raises:
        MicrotomeError: no atlas, incomplete, damaged, or of a newer version.
    """
    folder = Path(folder)
    check_name(folder.absolute())
    manifest = read_manifest(folder, "atlas")
    try:
        content = AtlasContent.model_validate(manifest.content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise MicrotomeError(f"{folder}/manifest.json: field {field!r}: {first['msg']}") from error
    return Atlas(folder, content, dict(manifest.inputs))


class Atlas:
    """What is known of every feature of a dictionary.

    Single features are read from the Parquet files in place. What lists and the map need of all
    features is kept in memory from its first use on. Nothing changes after that, so that threads
    may share an atlas.
    """

    def __init__(self, folder: Path, content: AtlasContent, inputs: dict[str, str]):
        self.folder, self.content, self.inputs = folder, content, inputs
        self._features = SortedTable(folder / FEATURES, FEATURE_COLUMNS)
        self._examples = SortedTable(folder / EXAMPLES, EXAMPLE_COLUMNS)
        self.columns = FeatureColumns(content, self._features)
        expected = sum(encoder.features for encoder in content.encoders)
        if len(self._features) != expected:
            raise MicrotomeError(
                f"{folder / FEATURES} has {len(self._features)} features, but the manifest says "
                f"{expected}; build the atlas again"
            )

    @property
    def dictionary_fingerprint(self) -> str:
        return self.inputs.get("dictionary", "")

    @property
    def model_fingerprint(self) -> str:
        return self.inputs.get("model", "")

    @cached_property
    def strings(self) -> list[str]:
        """Text of every token, by id."""
        table = whole_table(self.folder / VOCABULARY, VOCABULARY_COLUMNS)
        found = [""] * (int(table["token"].to_numpy().max(initial=-1)) + 1)
        for token, text in zip(table["token"].to_pylist(), table["text"].to_pylist(), strict=True):
            found[token] = text
        return found

    def string(self, token: int) -> str:
        return self.strings[token] if 0 <= token < len(self.strings) else f"<{token}>"

    def parse_name(self, text: str) -> names.Feature:
        """Encoder and feature behind `L3/127`, `3/127` or `127`; see `names.parse_name`."""
        return names.parse_name(self.content, text)

    # -- one feature ---------------------------------------------------------------------------

    def page(self, encoder: int, feature: int, labels: Labels | None = None) -> FeaturePage:
        """All that is known of a feature.

        Raises:
            MicrotomeError: no such feature, or a damaged file.
        """
        number = self.columns.id(encoder, feature)
        row = self._features.rows(number)
        if not row:
            raise MicrotomeError(f"{self.folder / FEATURES} lacks feature {number}; build it again")
        bands = band_documents(self._examples.rows(number), row[0], self.content, self.string)
        neighbours = {
            kind: [
                self.columns.row(i, labels, score)
                for i, score in zip(row[0][f"{kind}_neighbours"], row[0][scores], strict=True)
                if 0 <= i < len(self.columns)
            ]
            for kind, scores in _NEIGHBOURS.items()
        }
        own = self.columns.row(number, labels)
        return page_document(
            own, row[0], self.content, self.string, bands, neighbours, self._place(number)
        )

    def similar(
        self, encoder: int, feature: int, by: str = "decoder", labels: Labels | None = None
    ) -> FeatureList:
        """The nearest features by `decoder` or `encoder` cosine, or by `coactive`ity."""
        if by not in _NEIGHBOURS:
            raise MicrotomeError(f"similar by what? {by!r} is not one of {', '.join(_NEIGHBOURS)}")
        page = self._features.rows(self.columns.id(encoder, feature))[0]
        pairs = zip(page[f"{by}_neighbours"], page[_NEIGHBOURS[by]], strict=True)
        rows = [self.columns.row(i, labels, s) for i, s in pairs if 0 <= i < len(self.columns)]
        return FeatureList(total=len(rows), rows=rows)

    # -- lists ---------------------------------------------------------------------------------

    def rows(
        self,
        sort: str = "id",
        layer: int | None = None,
        cluster: int | None = None,
        text: str = "",
        limit: int = 50,
        offset: int = 0,
        labels: Labels | None = None,
    ) -> FeatureList:
        """Part of the list of all features.

        Args:
            sort: one of `SORTS`, with `-` in front from the largest down.
            layer: only of this layer.
            cluster: only of this cluster of the map.
            text: only those with all these words, or inflections of them, in their label, or of
                this name.
            limit: rows, at most; 1,000 at most.
            offset: rows to leave out before.
            labels: in place of the atlas' own.

        Raises:
            MicrotomeError: no such order, or a damaged file.
        """
        keep = np.ones(len(self.columns), dtype=bool)
        if text.strip():
            keep &= self.columns.matching(text, labels)
            named = self._named(text)
            if named is not None:
                keep[named] = True
        if layer is not None:
            keep &= self.columns["layer"] == layer
        if cluster is not None:
            members = np.zeros(len(keep), dtype=bool)
            members[self._map["id"][self._map["cluster"] == cluster]] = True
            keep &= members
        ids = self.columns.order(np.flatnonzero(keep), sort, labels, text)
        part = ids[max(offset, 0) :][: min(max(limit, 0), MOST)]
        return FeatureList(
            total=len(ids), rows=[self.columns.row(i, labels) for i in part.tolist()]
        )

    def _named(self, text: str) -> int | None:
        try:
            return self.columns.id(*self.parse_name(text))
        except MicrotomeError:
            return None

    def row(self, encoder: int, feature: int, labels: Labels | None = None) -> FeatureRow:
        """One feature as lists show it."""
        return self.columns.row(self.columns.id(encoder, feature), labels)

    # -- search --------------------------------------------------------------------------------

    def search_label(self, text: str, limit: int = 20, labels: Labels | None = None) -> FeatureList:
        """Features whose label has all words of a text, or inflections of them; the phrase itself
        first, among equals the label that is the better rule. The score is the label's."""
        if not text.strip():
            return FeatureList(total=0, rows=[])
        found = np.flatnonzero(self.columns.matching(text, labels))
        best = self.columns.order(found, "match", labels, text)[: min(limit, MOST)]
        scores = self.columns["label_score"]
        rows = [self.columns.row(i, labels, float(scores[i])) for i in best.tolist()]
        return FeatureList(total=len(found), rows=rows)

    def search_token(
        self, text: str, limit: int = 20, by: str = "active", labels: Labels | None = None
    ) -> FeatureList:
        """Features that are `active` on a token, by share of their activations, or that have it
        among those that they `promote`, by logit. With and without its leading space, in capitals
        or not, unless the token was given with its space.

        Raises:
            MicrotomeError: no token of the vocabulary is so written.
        """
        tokens = matching_tokens(self.strings, text)
        if not tokens:
            raise MicrotomeError(
                f"no token of {self.content.model}'s vocabulary is written {shortened(text)!r}; a "
                f"word may be split into several, so search for one of them"
            )
        total, found = active_tokens(self.folder / FEATURES, tokens, by, min(limit, MOST))
        return FeatureList(total=total, rows=[self.columns.row(i, labels, s) for i, s in found])

    def on_text(self, xray: XRay, limit: int = 20, labels: Labels | None = None) -> FeatureList:
        """The features of an X-ray that say most of its text: those most strongly active by their
        own measure, rare ones first. The score is the largest activation."""
        found = xray_ranks(xray, self.content, self.columns)
        best = found[: min(limit, MOST)]
        rows = [self.columns.row(one.id, labels, one.activation) for one in best]
        return FeatureList(total=len(found), rows=rows)

    def labelled(self, xray: XRay, labels: Labels | None = None) -> XRay:
        """An X-ray with the labels of its features."""
        found: dict[str, str] = {}
        for layer in xray.layers:
            first = self.content.encoders[layer.encoder].first_id
            for feature in sorted(set(layer.features)):
                own = (self.columns.labels[first + feature].as_py() or "", "")
                label, _ = (labels or {}).get((layer.encoder, feature), own)
                if label:
                    found[f"{layer.encoder}/{feature}"] = label
        return xray.model_copy(update={"labels": found})

    # -- map -----------------------------------------------------------------------------------

    @cached_property
    def _map(self) -> dict[str, np.ndarray]:
        table = whole_table(self.folder / MAP, MAP_COLUMNS)
        found = {name: table[name].to_numpy() for name in ("id", "x", "y", "cluster")}
        ids = found["id"]
        if len(ids) and not 0 <= ids.min() <= ids.max() < len(self.columns):
            raise MicrotomeError(
                f"{self.folder / MAP} has ids of no feature; build the atlas again"
            )
        return found

    @cached_property
    def clusters(self) -> list[ClusterRow]:
        table = whole_table(self.folder / CLUSTERS, CLUSTER_COLUMNS)
        return [ClusterRow.model_validate(row) for row in table.to_pylist()]

    def _place(self, number: int) -> tuple[float, float, int, str] | None:
        at = int(np.searchsorted(self._map["id"], number))
        if at >= len(self._map["id"]) or self._map["id"][at] != number:
            return None
        cluster = int(self._map["cluster"][at])
        label = next((c.label for c in self.clusters if c.cluster == cluster), "")
        return float(self._map["x"][at]), float(self._map["y"][at]), cluster, label

    def map(self, labels: Labels | None = None) -> AtlasMap:
        """All features that have a place, column by column."""
        ids, columns = self._map["id"], self.columns
        texts = np.array(columns.labels.to_pylist(), dtype=object)
        for number, (label, _) in columns.ids_of(labels or {}).items():
            texts[number] = label
        return AtlasMap(
            id=ids.tolist(),
            encoder=columns["encoder"][ids].tolist(),
            feature=columns["feature"][ids].tolist(),
            layer=columns["layer"][ids].tolist(),
            density=columns["density"][ids].tolist(),
            x=self._map["x"].tolist(),
            y=self._map["y"].tolist(),
            cluster=self._map["cluster"].tolist(),
            label=texts[ids].tolist(),
            clusters=self.clusters,
        )


_NEIGHBOURS = {
    "decoder": "decoder_cosines",
    "encoder": "encoder_cosines",
    "coactive": "coactive_scores",
}
"""Kinds of neighbours, and the column of their scores."""
