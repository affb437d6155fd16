"""What the terminal shows: features, paths, positions; and that it fits 100 columns."""

import pytest
from rich.console import Console

from microtome.circuit import FeatureTarget, LogitDifference, trace
from microtome.circuit.graph import Graph
from microtome.circuit.show import show_graph
from microtome.circuit.summary import positions, strongest_paths, top_features
from tests.circuit.dictionaries import tiny_dictionary
from tests.model.families import tiny_model, tokens


def _graph(*targets, **options) -> Graph:
    model = tiny_model("llama")
    return trace(model, tokens(), tiny_dictionary(model, "clt"), targets, **options)


def test_top_features_are_sorted_and_their_links_are_edges():
    graph = _graph()
    features = top_features(graph, 10, links=3)
    shares = [feature.influence for feature in features]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0
    for feature in features:
        row = int((graph.rows == feature.node).nonzero()[0])
        strongest = float(graph.edges[row].abs().max())
        assert abs(feature.inputs[0].weight) == pytest.approx(strongest)
        assert feature.inputs[0].share == pytest.approx(strongest / float(graph.mass[row]))


def test_paths_follow_edges_from_tokens_to_targets():
    graph = _graph()
    paths = strongest_paths(graph, 4)
    row_of = {int(node): row for row, node in enumerate(graph.rows)}
    column_of = {int(node): column for column, node in enumerate(graph.columns)}
    assert len(paths) == 4
    for path in paths:
        kinds = [graph.nodes.kind[node] for node in path.nodes]
        assert kinds[0] == "token"
        assert kinds[-1] == "logit"
        assert set(kinds[1:-1]) == {"feature"}
        share = float(graph.start_weights[row_of[path.nodes[-1]]])
        for source, target, weight in zip(path.nodes, path.nodes[1:], path.weights, strict=False):
            row = row_of[target]
            assert float(graph.edges[row, column_of[source]]) == weight
            share *= abs(weight) / float(graph.mass[row])
        assert path.share == pytest.approx(share)


def test_without_features_paths_are_direct():
    paths = strongest_paths(_graph(max_features=0))
    assert paths
    assert all(len(path.nodes) == 2 for path in paths)


def test_positions_share_out_token_and_error_influence():
    graph = _graph()
    rows = positions(graph)
    token = sum(row.token for row in rows)
    error = sum(row.error for row in rows)
    assert token / (token + error) == pytest.approx(graph.scores.replacement)
    assert rows[0].error == 0
    assert sum(row.features for row in rows) == len(graph.nodes.where("feature"))


@pytest.mark.parametrize(
    "targets", [(), (LogitDifference(3, 4),), (FeatureTarget(2, 1, 5),), (FeatureTarget(0, 0, 0),)]
)
@pytest.mark.parametrize("options", [{}, {"max_features": 0}, {"max_features": 9}])
def test_every_graph_is_shown_within_100_columns(targets: tuple, options: dict):
    graph = _graph(*targets, **options)
    graph = graph.with_labels({0: "a label [with] brackets and many, many words in it"})
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    show_graph(graph, console)
    text = console.export_text()
    assert "Replacement score" in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 100
    console.file.close()
