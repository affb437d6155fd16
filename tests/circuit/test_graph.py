"""Influence and scores, by hand and against the dense power series."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from microtome.circuit.graph import Graph
from microtome.circuit.influence import normalise, propagate
from microtome.errors import MicrotomeError
from tests.circuit.graphs import hand_graph, random_graph


def dense_influence(graph: Graph) -> torch.Tensor:
    """w (I + Ahat + Ahat^2 + ...) with a square matrix over all nodes."""
    n = len(graph.nodes)
    square = torch.zeros(n, n, dtype=torch.float64)
    square[graph.rows[:, None], graph.columns] = graph.edges.abs().double()
    unexpanded = graph.nodes.where("unexpanded")
    if len(unexpanded):
        square[graph.rows, unexpanded[0]] = graph.unexpanded_mass.double()
    total = square.sum(1, keepdim=True)
    square = torch.where(total > 0, square / total.clamp(min=1e-300), 0.0)
    start = torch.zeros(n, dtype=torch.float64)
    start[graph.rows] = graph.start_weights.double()
    out, flow = start.clone(), start
    for _ in range(n):
        flow = flow @ square
        out = out + flow
    assert not flow.any()
    return out


def test_influence_by_hand():
    # token 0 and error 1 feed feature 2; feature 2 and token 0 feed the logit 3
    graph = hand_graph("tefl", {(2, 0): 3.0, (2, 1): -1.0, (3, 2): -2.0, (3, 0): 2.0}, {3: 0.5})
    assert graph.influence.tolist() == pytest.approx([0.5 + 0.5 * 0.75, 0.125, 0.5, 1.0])
    assert graph.scores.replacement == pytest.approx(0.875)
    # the logit has no error input, the feature a quarter: (1 * 1 + 0.5 * 0.75) / 1.5
    assert graph.scores.completeness == pytest.approx((1 + 0.5 * 0.75) / 1.5)
    assert graph.scores.worst_residual != graph.scores.worst_residual


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), features=st.integers(0, 15), density=st.floats(0.05, 1))
def test_influence_is_the_dense_power_series(seed: int, features: int, density: float):
    graph = random_graph(seed, features, density)
    assert torch.allclose(graph.influence, dense_influence(graph), atol=1e-12)


def test_influence_without_unexpanded_mass_ends_in_tokens_and_errors():
    graph = hand_graph("tefl", {(2, 0): 3.0, (2, 1): -1.0, (3, 2): -2.0, (3, 0): 2.0}, {3: 0.5})
    assert graph.influence[:2].sum() == pytest.approx(1.0)


def test_errors_alone_score_nothing():
    graph = hand_graph("eefl", {(2, 0): 1.0, (3, 1): 2.0, (3, 2): 1.0}, {3: 1.0})
    assert graph.scores.replacement == 0
    only_errors = hand_graph("eel", {(2, 0): 1.0, (2, 1): -1.0}, {2: 1.0})
    assert (only_errors.scores.replacement, only_errors.scores.completeness) == (0, 0)


def test_tokens_alone_score_one():
    graph = hand_graph("ttfl", {(2, 0): 1.0, (2, 1): -2.0, (3, 2): 1.0, (3, 1): 5.0}, {3: 1.0})
    assert (graph.scores.replacement, graph.scores.completeness) == (1, 1)


def test_a_row_without_inputs_is_not_explained():
    graph = hand_graph("tfl", {(2, 0): 1.0, (2, 1): 1.0, (1, 0): 0.0}, {2: 1.0})
    # logit: fully from tokens and features; feature (half its influence): nothing explains it
    assert graph.scores.completeness == pytest.approx(1 / 1.5)
    empty = hand_graph("tl", {(1, 0): 0.0}, {1: 1.0})
    assert (empty.scores.replacement, empty.scores.completeness) == (0, 0)


def test_unexpanded_mass_is_a_share_of_the_input():
    # signed edges from unexpanded features cancel, their mass does not
    edges = {(2, 0): 1.0}
    graph = hand_graph("tul", edges, {2: 1.0}, unexpanded={2: 3.0})
    assert graph.mass.tolist() == [4.0]
    assert graph.influence.tolist() == pytest.approx([0.25, 0.75, 1.0])
    assert graph.scores.unexpanded == pytest.approx(0.75)
    # nor are both the signed column and the mass counted
    signed = hand_graph("tul", edges | {(2, 1): -2.0}, {2: 1.0}, unexpanded={2: 3.0})
    assert signed.mass.tolist() == [4.0]


def test_weights_of_targets_are_shares():
    edges = {(2, 0): 1.0, (3, 1): 1.0}
    a = hand_graph("ttll", edges, {2: 0.6, 3: 0.2})
    b = hand_graph("ttll", edges, {2: 3.0, 3: 1.0})
    assert torch.allclose(a.influence, b.influence)
    assert a.influence.tolist() == pytest.approx([0.75, 0.25, 0.75, 0.25])


def test_a_graph_without_edges_or_nodes_has_scores():
    for graph in (hand_graph("l", {}, {0: 1.0}), hand_graph("", {}, {})):
        assert (graph.scores.replacement, graph.scores.completeness) == (0, 0)
    assert hand_graph("l", {}, {0: 1.0}).influence.tolist() == [1.0]


@pytest.mark.parametrize("weight", [1.0, float("nan"), float("inf")])
def test_a_cycle_or_edges_that_are_not_finite_are_refused(weight: float):
    edges = {(0, 1): 1.0, (1, 0): weight, (2, 0): 1.0, (1, 1): 1.0}
    with pytest.raises(MicrotomeError, match="cycle or edges that are not finite"):
        _ = hand_graph("ffl", edges, {2: 1.0}).influence


def test_normalise_leaves_empty_rows_at_zero():
    assert normalise(torch.tensor([2.0, 0.0])).tolist() == [0.5, 0.0]


def test_propagate_sums_a_chain():
    # row 0 reads column 0, which is row 1; row 1 reads column 1
    step = torch.tensor([[1.0, 0.0], [0.0, 0.5]])
    rows = torch.tensor([-1, 0])
    total = propagate(torch.tensor([1.0, 0.0]), lambda flow: flow @ step, rows)
    assert total.tolist() == [1.0, 0.5]


def test_nodes_select_and_name():
    graph = hand_graph("tefbul", {(5, 0): 1.0}, {5: 1.0})
    names = [graph.nodes.name(i) for i in range(6)]
    assert names == ["token 0@0", "error L1@1", "L2/2@0", "bias", "unexpanded", "logit 5@1"]
    picked = graph.nodes.select(torch.tensor([5, 2]))
    assert picked.kind == ("logit", "feature")
    assert [picked.name(i) for i in range(2)] == ["logit 5@1", "L2/2@0"]
