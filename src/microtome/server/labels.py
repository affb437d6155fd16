"""Labels of features, from everywhere: a person's before a language model's before the atlas's."""

from collections.abc import Iterable

from microtome.atlas.page import XRay
from microtome.circuit.view import GraphView, replaces
from microtome.server.atlases import Atlases
from microtome.server.given import GivenLabels, Key, Labelled


class Labels:
    """What features are called."""

    def __init__(self, atlases: Atlases, given: GivenLabels):
        self._atlases, self._given = atlases, given

    def of(self, dictionary: str, keys: Iterable[Key]) -> Labelled:
        """Labels of some features of a dictionary, where they have one."""
        wanted = set(keys)
        before = self._given.of(dictionary)
        found = {key: before[key] for key in wanted if key in before}
        return self._atlases.labels(dictionary, wanted - set(found)) | found

    def fill_graph(self, view: GraphView, atlas: str) -> GraphView:
        """The view with labels on its features, and the id of the atlas that knows more."""
        nodes = view.nodes
        features = [i for i, kind in enumerate(nodes.kind) if kind == "feature"]
        keys = {i: (nodes.layer[i], nodes.feature[i]) for i in features}
        found = self.of(view.dictionary_fingerprint, keys.values())
        label, sources = list(nodes.label), dict(view.label_sources)
        for i, key in keys.items():
            if key in found and replaces(found[key][1], label[i]):
                label[i], sources[nodes.id[i]] = found[key]
        return view.model_copy(
            update={
                "atlas": atlas,
                "nodes": nodes.model_copy(update={"label": label}),
                "label_sources": sources,
            }
        )

    def fill_xray(self, xray: XRay, dictionary: str) -> XRay:
        """The X-ray with labels of the features that are active."""
        keys = {(one.encoder, feature) for one in xray.layers for feature in one.features}
        found = self.of(dictionary, keys)
        labels = {f"{encoder}/{feature}": text for (encoder, feature), (text, _) in found.items()}
        return xray.model_copy(update={"labels": labels})
