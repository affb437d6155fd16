"""An independent reference: graphs that circuit-tracer 0.4.1 computed for stories260K."""

from pathlib import Path

import pytest

from microtome.circuit import load_graph
from tests.circuit.reference import FIXTURES, compare


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("fixture", FIXTURES)
def test_every_edge_agrees(shared: Path, fixture: str, number: int):
    """Token, feature and error sources; feature and logit targets; to 1e-3 relative."""
    comparison = compare(shared, fixture, number)
    assert comparison.same_features
    assert comparison.edges > 10_000
    assert comparison.worst <= 1e-4
    assert comparison.worst_relative <= 1e-3
    assert comparison.worst_activation <= 1e-3
    assert comparison.worst_probability <= 1e-4


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("fixture", FIXTURES)
def test_their_json_graphs_open(shared: Path, fixture: str, number: int):
    graph = load_graph(shared / "fixtures" / fixture / "graphs" / f"prompt-{number}.json")
    assert len(graph.nodes.where("feature"))
    assert graph.influence.isfinite().all()
