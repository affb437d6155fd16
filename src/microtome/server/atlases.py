"""Atlases of the library, kept open."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from microtome.atlas.page import AtlasMap, FeatureList, FeaturePage, FeatureRow
from microtome.atlas.query import Atlas, open_atlas
from microtome.atlas.schema import AtlasContent
from microtome.errors import MicrotomeError
from microtome.server.given import GivenLabels, Key, Labelled
from microtome.server.library import ArtifactLibrary, Found, NotThere
from microtome.server.schema import AtlasInfo

_KEPT = 4
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GivenAtlas:
    """An atlas with the labels that its features were given."""

    atlas: Atlas
    given: Labelled

    def page(self, encoder: int, feature: int, /) -> FeaturePage:
        """All that is known of a feature."""
        return self.atlas.page(encoder, feature, self.given)

    def row(self, encoder: int, feature: int, /) -> FeatureRow:
        """A feature as lists show it."""
        return self.atlas.row(encoder, feature, self.given)


class Atlases:
    """Opens atlases, and knows which one is of which dictionary."""

    def __init__(self, library: ArtifactLibrary, given: GivenLabels):
        self._library, self._given = library, given
        self._open: OrderedDict[str, tuple[Found, Atlas]] = OrderedDict()
        self._lock = threading.Lock()

    def open(self, id: str) -> Atlas:
        """The atlas with an id.

        Raises:
            MicrotomeError: no such atlas, or it cannot be read.
        """
        return self._opened(self._library.find(id, "atlas"))

    def given(self, found: Found) -> GivenAtlas:
        """An atlas and the labels given to its features, both read once.

        Raises:
            MicrotomeError: it cannot be read.
        """
        return GivenAtlas(self._opened(found), self._given_to(found))

    def info(self, id: str) -> AtlasInfo:
        """What an atlas is of.

        Raises:
            MicrotomeError: no such atlas, or it cannot be read.
        """
        found = self._library.find(id, "atlas")
        entry = found.entry
        content = self._opened(found).content
        return AtlasInfo(
            id=id,
            name=entry.name,
            content=content,
            layers=sorted({encoder.layer for encoder in content.encoders}),
            features=sum(encoder.features for encoder in content.encoders),
            model_fingerprint=entry.model_fingerprint,
            dictionary_fingerprint=entry.dictionary_fingerprint,
            links=self._library.links(entry),
        )

    def map(self, id: str) -> AtlasMap:
        """All features on the map.

        Raises:
            MicrotomeError: as `info`.
        """
        found = self._library.find(id, "atlas")
        return self._opened(found).map(self._given_to(found))

    def rows(
        self,
        id: str,
        sort: str,
        layer: int | None,
        cluster: int | None,
        text: str,
        limit: int,
        offset: int,
    ) -> FeatureList:
        """A part of the list of features.

        Raises:
            MicrotomeError: as `info`.
        """
        found = self._library.find(id, "atlas")
        given = self._given_to(found)
        return self._opened(found).rows(sort, layer, cluster, text, limit, offset, given)

    def page(self, id: str, encoder: int, feature: int) -> FeaturePage:
        """All that is known of a feature.

        Raises:
            NotThere: no such atlas or feature.
            MicrotomeError: it cannot be read.
        """
        found = self._library.find(id, "atlas")
        atlas = self._opened(found)
        self.check(atlas.content, encoder, feature)
        return atlas.page(encoder, feature, self._given_to(found))

    def check(self, content: AtlasContent, encoder: int, feature: int) -> None:
        """That an atlas has a feature.

        Raises:
            NotThere: it has not.
        """
        sizes = [one.features for one in content.encoders]
        if encoder >= len(sizes) or feature >= sizes[encoder]:
            raise NotThere(f"the atlas has no feature {encoder}/{feature}")

    def search(self, id: str, label: str, token: str, similar: str, limit: int) -> FeatureList:
        """Features by label, by token or by likeness.

        Raises:
            MicrotomeError: as `info`, or not exactly one thing to search for.
        """
        asked = [text for text in (label, token, similar) if text]
        if len(asked) != 1:
            raise MicrotomeError(
                f"search for exactly one of label, token and similar, not {len(asked)}"
            )
        found = self._library.find(id, "atlas")
        atlas, given = self._opened(found), self._given_to(found)
        if label:
            return atlas.search_label(label, limit, given)
        if token:
            return atlas.search_token(token, limit, labels=given)
        like = atlas.similar(*atlas.parse_name(similar), labels=given)
        return like.model_copy(update={"rows": like.rows[:limit]})

    def labels(self, dictionary: str, keys: Iterable[Key]) -> Labelled:
        """The atlas's own labels of some features of the dictionary with a fingerprint."""
        found = self._library.atlas_of(dictionary)
        wanted = list(keys)
        if found is None or not wanted:
            return {}
        try:
            columns = self._opened(found).columns
            texts, sources = columns.labels, columns.sources
        except MicrotomeError as error:  # a graph is shown all the same
            _log.warning("labels of atlas %s are not shown: %s", found.entry.name, error)
            return {}
        sizes = [encoder.features for encoder in columns.content.encoders]
        known = [(e, f) for e, f in wanted if e < len(sizes) and f < sizes[e]]
        ids = {key: columns.id(*key) for key in known}
        labels = {key: (texts[i].as_py(), sources[i].as_py()) for key, i in ids.items()}
        return {key: (text, source or "") for key, (text, source) in labels.items() if text}

    def _given_to(self, found: Found) -> Labelled:
        return self._given.of(found.entry.dictionary_fingerprint)

    def _opened(self, found: Found) -> Atlas:
        with self._lock:
            held = self._open.pop(found.entry.id, None)
            if held is None or held[0].signature != found.signature:
                held = (found, open_atlas(found.path))
            self._open[found.entry.id] = held
            while len(self._open) > _KEPT:
                self._open.popitem(last=False)
            return held[1]
