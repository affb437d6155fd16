"""The influence series, against powers of a dense matrix."""

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


@settings(max_examples=40)
@given(seed=st.integers(0, 2**31), features=st.integers(0, 15), density=st.floats(0.05, 1))
def test_influence_is_the_dense_power_series(seed: int, features: int, density: float):
    graph = random_graph(seed, features, density)
    assert torch.allclose(graph.influence, dense_influence(graph), atol=1e-12)


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
