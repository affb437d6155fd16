"""A graph and the pages of its features as one document, for files and notebooks."""

from typing import Any, Protocol, runtime_checkable

from microtome.atlas.page import FeaturePage, FeatureRow
from microtome.circuit.graph import Graph
from microtome.circuit.graph_view import graph_view
from microtome.circuit.prune import Pruned
from microtome.circuit.verify.document import Verification
from microtome.circuit.view import GraphView, ViewState, replaces

MAX_EDGES = 50_000
"""Of a graph that is carried whole: about 1 MB."""
MAX_PAGE_BYTES = 2_000_000
"""Of all pages together, so that a file stays one that can be sent."""
EXAMPLES = 5
"""Of each band on the pages that go along."""

Key = tuple[int, int]
"""Encoder and feature."""


@runtime_checkable
class Known(Protocol):
    """What is known of a dictionary's features: an atlas."""

    def page(self, encoder: int, feature: int, /) -> FeaturePage: ...

    def row(self, encoder: int, feature: int, /) -> FeatureRow: ...


def graph_document(
    graph: Graph,
    known: Known | None = None,
    pruned: Pruned | None = None,
    state: ViewState | None = None,
    verification: Verification | None = None,
) -> dict[str, Any]:
    """What the viewer shows of a graph without a server.

    Args:
        graph: the graph.
        known: what is known of its features: their labels, and the pages of the most influential
            ones, up to `MAX_PAGE_BYTES`.
        pruned: show this part; by default all, or what is left of it with `MAX_EDGES` edges.
        state: as a reader saved it.
        verification: what testing the graph found.
    """
    shown = graph_view(graph, pruned=pruned, state=state, max_edges=MAX_EDGES)
    if not shown.complete:
        shown = _at_its_thresholds(shown)
    tested = {} if verification is None else {"verification": verification}
    if known is None:
        return {"kind": "graph", "graph": shown, "features": {}, **tested}
    keys = _features(shown)
    rows = {key: known.row(*key) for key in keys}
    labelled, pages = _labelled(shown, rows), _pages(keys, known)
    return {"kind": "graph", "graph": labelled, "features": pages, **tested}


def _at_its_thresholds(shown: GraphView) -> GraphView:
    """The same, shown as it was pruned: what was left out cannot be had back."""
    state = (shown.state or ViewState()).model_copy(
        update={"node_threshold": shown.node_threshold, "edge_threshold": shown.edge_threshold}
    )
    return shown.model_copy(update={"state": state})


def _features(shown: GraphView) -> list[Key]:
    """Features of the nodes, the most influential first. The dictionaries of graphs have one
    encoder for each layer."""
    nodes = shown.nodes
    order = sorted(range(len(nodes.id)), key=lambda i: -nodes.influence[i])
    found = [(nodes.layer[i], nodes.feature[i]) for i in order if nodes.kind[i] == "feature"]
    return list(dict.fromkeys(found))


def _pages(keys: list[Key], known: Known) -> dict[str, FeaturePage]:
    """By encoder/feature, as many as there is room for."""
    pages: dict[str, FeaturePage] = {}
    left = MAX_PAGE_BYTES
    for encoder, feature in keys:
        page = _shortened(known.page(encoder, feature))
        left -= len(page.model_dump_json().encode())
        if left < 0:
            break
        pages[f"{encoder}/{feature}"] = page
    return pages


def _shortened(page: FeaturePage) -> FeaturePage:
    bands = [band.model_copy(update={"examples": band.examples[:EXAMPLES]}) for band in page.bands]
    return page.model_copy(update={"bands": bands})


def _labelled(shown: GraphView, rows: dict[Key, FeatureRow]) -> GraphView:
    """The graph with the atlas's labels."""
    nodes = shown.nodes
    label, sources = list(nodes.label), dict(shown.label_sources)
    for i, node_id in enumerate(nodes.id):
        row = rows.get((nodes.layer[i], nodes.feature[i]))
        if nodes.kind[i] != "feature" or row is None or not row.label:
            continue
        if replaces(row.label_source, label[i]):
            label[i], sources[node_id] = row.label, row.label_source
    return shown.model_copy(
        update={"nodes": nodes.model_copy(update={"label": label}), "label_sources": sources}
    )
