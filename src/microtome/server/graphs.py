"""Graphs as documents: read once, labelled at every request."""

import threading
from collections import OrderedDict
from typing import Any

from microtome import circuit  # its names are loaded when a graph is first read
from microtome.artifact.manifest import KEPT_BESIDE
from microtome.circuit.verify.document import Verification
from microtome.circuit.verify.keep import load_verification
from microtome.circuit.view import GraphView, ViewState, replaces
from microtome.server.atlases import Atlases
from microtome.server.labels import Labels
from microtome.server.library import ArtifactLibrary, Found
from microtome.server.library.found import Signature
from microtome.viewer import html_page

_KEPT = 6
_Key = tuple[str, int]


class Graphs:
    """Reads graphs of the library."""

    def __init__(self, library: ArtifactLibrary, labels: Labels, atlases: Atlases):
        self._library, self._labels, self._atlases = library, labels, atlases
        self._views: OrderedDict[_Key, tuple[Signature, GraphView]] = OrderedDict()
        self._lock = threading.Lock()
        """Held while a graph is read, too: the same one is not read twice at once, and no two
        large ones are in memory together."""

    def view(self, id: str, max_edges: int) -> GraphView:
        """A graph with labels and the reader's state.

        Raises:
            MicrotomeError: no such graph, or it cannot be read.
        """
        found = self._library.find(id, "graph")
        view = self._view(found, max_edges)
        update: dict[str, Any] = {"id": id}
        if found.path.is_dir() and (state := circuit.load_state(found.path)) is not None:
            update["state"] = state
        return self._labelled(view.model_copy(update=update))

    def imported(self, document: dict[str, Any]) -> GraphView:
        """A graph of another tool as it is shown.

        Raises:
            MicrotomeError: the document is not such a graph.
        """
        return self._labelled(
            circuit.graph_view(circuit.from_neuronpedia(document, "the imported graph"))
        )

    def save_state(self, id: str, state: ViewState) -> ViewState:
        """Keep what a reader did with the graph.

        Raises:
            MicrotomeError: no such graph, a file of another tool, or it cannot be written.
        """
        circuit.save_state(self._library.find(id, "graph").path, state)
        return state

    def verification(self, id: str) -> Verification | None:
        """What testing the graph found; None where it was not tested.

        Raises:
            MicrotomeError: no such graph, or what was kept cannot be read.
        """
        return verification_of(self._library.find(id, "graph"))

    def neuronpedia(self, id: str, node_threshold: float, edge_threshold: float) -> dict[str, Any]:
        """The pruned graph in Neuronpedia's format, with the labels and groups that are shown.

        Raises:
            MicrotomeError: no such graph, or it cannot be read.
        """
        found = self._library.find(id, "graph")
        state = circuit.load_state(found.path) if found.path.is_dir() else None
        return self._neuronpedia(found, state, node_threshold, edge_threshold)

    def neuronpedia_as_seen(self, id: str, state: ViewState) -> dict[str, Any]:
        """The same of what a reader sees, saved or not.

        Raises:
            MicrotomeError: no such graph, or it cannot be read.
        """
        found = self._library.find(id, "graph")
        return self._neuronpedia(found, state, state.node_threshold, state.edge_threshold)

    def html(self, id: str, state: ViewState) -> str:
        """What a reader sees of the graph as one HTML file, with the pages of its features where
        an atlas of the dictionary is served.

        Raises:
            MicrotomeError: no such graph, it cannot be read, or the viewer is not built.
        """
        from microtome.circuit.document import graph_document  # loads torch, as graphs do

        found = self._library.find(id, "graph")
        graph = self._with_labels(circuit.load_graph(found.path))
        atlas = self._library.atlas_of(str(graph.info.get("dictionary_fingerprint", "")))
        known = self._atlases.given(atlas) if atlas else None
        tested = verification_of(found)
        document = graph_document(graph, known, _pruned(graph, state), state, tested)
        return html_page(document, graph.prompt.text)

    def _neuronpedia(
        self, found: Found, state: ViewState | None, node_threshold: float, edge_threshold: float
    ) -> dict[str, Any]:
        graph = circuit.load_graph(found.path)
        if state is not None:
            graph = circuit.with_state(graph, state)
        pruned = circuit.prune(self._with_labels(graph), node_threshold, edge_threshold)
        return circuit.to_neuronpedia(pruned, found.entry.name)

    def _view(self, found: Found, max_edges: int) -> GraphView:
        signature = graph_signature(found)
        key = (found.entry.id, max_edges)
        with self._lock:
            known = self._views.pop(key, None)
            if known is None or known[0] != signature:
                known = (
                    signature,
                    circuit.graph_view(circuit.load_graph(found.path), max_edges=max_edges),
                )
            self._views[key] = known
            while len(self._views) > _KEPT:
                self._views.popitem(last=False)
            return known[1]

    def _labelled(self, view: GraphView) -> GraphView:
        atlas = self._library.atlas_of(view.dictionary_fingerprint)
        return self._labels.fill_graph(view, atlas.entry.id if atlas else "")

    def _with_labels(self, graph: "circuit.Graph") -> "circuit.Graph":
        nodes = graph.nodes
        keys = {
            i: (int(nodes.layer[i]), int(nodes.feature[i])) for i in nodes.where("feature").tolist()
        }
        fingerprint = str(graph.info.get("dictionary_fingerprint", ""))
        found = self._labels.of(fingerprint, keys.values())
        labels = {
            i: found[key][0]
            for i, key in keys.items()
            if key in found and replaces(found[key][1], nodes.label[i])
        }
        return graph.with_labels(labels)


def graph_signature(found: Found) -> Signature:
    """Of the graph itself: what is kept beside it is read at every request."""
    return tuple(one for one in found.signature if one[0] not in KEPT_BESIDE["graph"])


def verification_of(found: Found) -> Verification | None:
    """Kept in a graph's folder; None for a file of another tool.

    Raises:
        MicrotomeError: what was kept cannot be read.
    """
    return load_verification(found.path) if found.path.is_dir() else None


def _pruned(graph: "circuit.Graph", state: ViewState) -> "circuit.Pruned | None":
    """What the thresholds keep; None for all, which they are at 1."""
    if min(state.node_threshold, state.edge_threshold) >= 1:
        return None
    return circuit.prune(graph, state.node_threshold, state.edge_threshold)
