"""A graph's document for files: labels of the atlas, and as many pages as there is room for."""

import pytest

from microtome.atlas.page import Band, Example, FeaturePage, FeatureRow, Histogram
from microtome.circuit import document as graph_documents
from microtome.circuit.document import graph_document
from microtome.circuit.graph_view import graph_view
from microtome.circuit.prune import prune
from microtome.circuit.view import ViewState
from tests.circuit.graphs import random_graph


class Known:
    """An atlas that has a label for every feature."""

    def __init__(self, source: str = "concept"):
        self.source = source

    def row(self, encoder: int, feature: int) -> FeatureRow:
        return FeatureRow(
            id=feature,
            encoder=encoder,
            feature=feature,
            layer=encoder,
            name=f"L{encoder}/{feature}",
            label=f"meaning of {encoder}/{feature}",
            label_source=self.source,
            density=0.1,
            maximum=1.0,
        )

    def page(self, encoder: int, feature: int) -> FeaturePage:
        example = Example(
            document=0, position=0, activation=1.0, peak=0, tokens=["a"], values=[1.0]
        )
        lists = ("top_logits", "bottom_logits", "active_tokens", "before_tokens", "positions")
        near = ("decoder_neighbours", "encoder_neighbours", "coactive_neighbours")
        known = {name: [] for name in (*lists, *near, "position_edges")}
        nothing = {
            name: None if field.annotation is not str else ""
            for name, field in FeaturePage.model_fields.items()
            if field.is_required()
        }
        return FeaturePage.model_validate(
            nothing
            | self.row(encoder, feature).model_dump()
            | known
            | {
                "count": 1,
                "mean": 1.0,
                "quantiles": {},
                "histogram": Histogram(edges=[], counts=[]),
                "bands": [Band(name="top", low=0.0, high=1.0, examples=[example] * 20)],
            }
        )


def test_labels_and_pages_of_the_atlas():
    graph = random_graph(4)
    view = graph_view(graph)
    features = [i for i, kind in enumerate(view.nodes.kind) if kind == "feature"]
    document = graph_document(graph, Known())
    shown = document["graph"]
    for i in features:
        key = f"{view.nodes.layer[i]}/{view.nodes.feature[i]}"
        assert shown.nodes.label[i] == f"meaning of {key}"
        assert shown.label_sources[shown.nodes.id[i]] == "concept"
        assert len(document["features"][key].bands[0].examples) == graph_documents.EXAMPLES
    assert len(document["features"]) == len(features)
    tokens = [i for i, kind in enumerate(view.nodes.kind) if kind == "token"]
    assert [shown.nodes.label[i] for i in tokens] == [view.nodes.label[i] for i in tokens]


@pytest.mark.parametrize(
    ("source", "wins"), [("automatic", False), ("concept", True), ("model", True), ("person", True)]
)
def test_a_rule_does_not_replace_the_graphs_own_label(source: str, wins: bool):
    graph = random_graph(4).with_labels({7: "sum ends in 5"})
    shown = graph_document(graph, Known(source))["graph"]
    assert (shown.nodes.label[7] != "sum ends in 5") == wins
    assert shown.nodes.label[8].startswith("meaning of")


def test_the_most_influential_features_have_their_page(monkeypatch: pytest.MonkeyPatch):
    graph = random_graph(4)
    whole = graph_document(graph, Known())
    size = len(next(iter(whole["features"].values())).model_dump_json())
    monkeypatch.setattr(graph_documents, "MAX_PAGE_BYTES", int(3.5 * size))
    some = graph_document(graph, Known())["features"]
    assert len(some) == 3
    nodes = graph_view(graph).nodes
    by_influence = sorted(range(len(nodes.id)), key=lambda i: -nodes.influence[i])
    best = [i for i in by_influence if nodes.kind[i] == "feature"][:3]
    assert set(some) == {f"{nodes.layer[i]}/{nodes.feature[i]}" for i in best}


def test_what_was_left_out_is_not_asked_for():
    """A pruned graph is shown at the thresholds at which it was pruned, whatever was saved."""
    graph = random_graph(4)
    saved = ViewState(node_threshold=0.95, edge_threshold=0.99, notes="mine")
    state = graph_document(graph, None, prune(graph, 0.6, 0.7), saved)["graph"].state
    assert state == ViewState(node_threshold=0.6, edge_threshold=0.7, notes="mine")
    assert graph_document(graph, state=saved)["graph"].state == saved
