"""A graph and the pages of its features as one document, for files and notebooks."""

from collections.abc import Callable
from typing import Any

from microtome.atlas.page import FeaturePage
from microtome.circuit.graph import Graph
from microtome.circuit.prune import Pruned
from microtome.circuit.state import ViewState
from microtome.circuit.view import GraphView, graph_view

Pages = Callable[[int, int], FeaturePage]
"""The page of a feature, by encoder and feature: an atlas's `page`."""

MAX_EDGES = 50_000
"""Of a graph that is carried whole: about 1 MB."""


def graph_document(
    graph: Graph,
    pages: Pages | None = None,
    pruned: Pruned | None = None,
    state: ViewState | None = None,
) -> dict[str, Any]:
    """What the viewer shows of a graph without a server.

    Args:
        graph: the graph.
        pages: what is known of its features; labels are taken from there too, where the graph
            has none.
        pruned: show this part; by default all, or what is left of it with `MAX_EDGES` edges.
        state: as a reader saved it.
    """
    shown = graph_view(graph, pruned=pruned, state=state, max_edges=MAX_EDGES)
    found = _pages(shown, pages) if pages else {}
    return {"kind": "graph", "graph": _labelled(shown, found), "features": found}


def _pages(shown: GraphView, pages: Pages) -> dict[str, FeaturePage]:
    """By encoder/feature. The dictionaries of graphs have one encoder for each layer."""
    nodes = shown.nodes
    keys = {
        (layer, feature)
        for kind, layer, feature in zip(nodes.kind, nodes.layer, nodes.feature, strict=True)
        if kind == "feature"
    }
    return {f"{layer}/{feature}": pages(layer, feature) for layer, feature in sorted(keys)}


def _labelled(shown: GraphView, found: dict[str, FeaturePage]) -> GraphView:
    nodes = shown.nodes
    labels, sources = list(nodes.label), dict(shown.label_sources)
    for i, node_id in enumerate(nodes.id):
        page = found.get(f"{nodes.layer[i]}/{nodes.feature[i]}")
        if nodes.kind[i] == "feature" and not labels[i] and page is not None and page.label:
            labels[i], sources[node_id] = page.label, page.label_source
    return shown.model_copy(
        update={"nodes": nodes.model_copy(update={"label": labels}), "label_sources": sources}
    )
