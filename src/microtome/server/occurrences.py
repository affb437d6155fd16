"""In which graphs a feature is a node."""

import logging
import threading
from collections import OrderedDict

from microtome.errors import MicrotomeError
from microtome.server.atlases import Atlases
from microtome.server.library import ArtifactLibrary, Found
from microtome.server.library.found import Signature
from microtome.server.schema import FeatureInGraph

_LOOKED_INTO = 100
"""Graphs, the newest first."""
_KEPT = 200
_log = logging.getLogger(__name__)

_Key = tuple[int, int]
_Active = dict[_Key, list[tuple[float, str]]]
"""By layer and feature: activation and name of its nodes, the most active first."""


class Occurrences:
    """Looks for features in the graphs of the library; what a graph has is remembered."""

    def __init__(self, library: ArtifactLibrary, atlases: Atlases):
        self._library, self._atlases = library, atlases
        self._read: OrderedDict[str, tuple[Signature, _Active]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, atlas: str, encoder: int, feature: int) -> list[FeatureInGraph]:
        """Graphs of the atlas's dictionary that have a feature, the newest first.

        Raises:
            NotThere: no such atlas or feature.
            MicrotomeError: the atlas cannot be read.
        """
        info = self._atlases.info(atlas)
        self._atlases.check(info.content, encoder, feature)
        key = (info.content.encoders[encoder].layer, feature)
        graphs = self._graphs(info.dictionary_fingerprint)
        return [
            _occurrence(graph, nodes) for graph in graphs if (nodes := self._active(graph).get(key))
        ]

    def _graphs(self, dictionary: str) -> list[Found]:
        same = [
            found
            for found in self._library.scan().values()
            if found.entry.kind == "graph"
            and not found.entry.problem
            and dictionary
            and found.entry.dictionary_fingerprint == dictionary
        ]
        same.sort(key=lambda found: found.entry.created, reverse=True)
        return same[:_LOOKED_INTO]

    def _active(self, graph: Found) -> _Active:
        with self._lock:
            known = self._read.pop(graph.entry.id, None)
            if known is None or known[0] != graph.signature:
                known = (graph.signature, _active_in(graph))
            self._read[graph.entry.id] = known
            while len(self._read) > _KEPT:
                self._read.popitem(last=False)
            return known[1]


def _occurrence(graph: Found, nodes: list[tuple[float, str]]) -> FeatureInGraph:
    activation, name = nodes[0]
    return FeatureInGraph(
        graph=graph.entry.id,
        name=graph.entry.name,
        prompt=str(graph.entry.facts.get("prompt") or ""),
        node=name,
        activation=activation,
        nodes=len(nodes),
    )


def _active_in(graph: Found) -> _Active:
    from microtome.circuit.artifact import load_nodes  # tensors, which a server starts without

    try:
        nodes = load_nodes(graph.path)
    except (MicrotomeError, OSError) as error:  # the other graphs are listed all the same
        _log.warning("graph %s is not looked into: %s", graph.entry.name, error)
        return {}
    active: _Active = {}
    for i in nodes.where("feature").tolist():
        key = (int(nodes.layer[i]), int(nodes.feature[i]))
        active.setdefault(key, []).append((float(nodes.activation[i]), nodes.name(i)))
    for found in active.values():
        found.sort(reverse=True)
    return active
