"""Pruning: what is kept, what is dropped, and how much influence the kept nodes hold."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from microtome.circuit.graph import KINDS
from microtome.circuit.prune import prune, source_influence, whole
from microtome.circuit.targets import FeatureTarget, LogitDifference, TokenTarget
from microtome.circuit.trace import trace
from tests.circuit.dictionaries import tiny_dictionary
from tests.circuit.graphs import hand_graph, random_graph, refusal
from tests.model.families import tiny_model, tokens

SEEDS = st.integers(0, 2**31)
SHARES = st.floats(0, 1)


def always(graph) -> torch.Tensor:
    kinds = graph.nodes.kind_index
    return (kinds == KINDS.index("token")) | (kinds == KINDS.index("logit"))


def test_zero_keeps_tokens_and_targets_only():
    graph = random_graph(1)
    pruned = prune(graph, 0.0, 0.0)
    assert torch.equal(pruned.nodes, always(graph))
    assert not pruned.edges.any()


def test_one_keeps_all_that_has_influence():
    graph = random_graph(2, density=1.0)
    pruned = prune(graph, 1.0, 1.0)
    assert torch.equal(pruned.nodes, (source_influence(graph) > 0) | always(graph))
    kept = pruned.nodes[graph.rows][:, None] & pruned.nodes[graph.columns]
    assert torch.equal(pruned.edges, kept & (graph.edges != 0))


def test_one_keeps_what_single_precision_cannot_sum():
    edges = {(2, 0): 1.0, (2, 1): 1e-12}
    graph = hand_graph("tel", edges, {2: 1.0})
    assert prune(graph, 1.0, 1.0).nodes.all()
    assert prune(graph, 1.0, 1.0).edges.all()


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_thresholds_are_shares(threshold: float):
    graph = random_graph(3)
    assert "node threshold" in refusal(prune, graph, threshold)
    assert "edge threshold" in refusal(prune, graph, 0.8, threshold)


@settings(max_examples=40)
@given(seed=SEEDS, threshold=SHARES)
def test_kept_nodes_hold_the_threshold_of_influence(seed: int, threshold: float):
    graph = random_graph(seed)
    pruned = prune(graph, threshold, 1.0)
    share = pruned.influence / pruned.influence.sum()
    # before loose ones are dropped: the fewest nodes, largest first
    chosen = (pruned.cumulative - share < threshold - 1e-9) & (share > 0)
    assert share[chosen].sum() >= threshold - 1e-6
    # nothing beyond them is kept, tokens and targets aside
    beyond = (pruned.cumulative - share > threshold + 1e-9) & ~always(graph)
    assert not (pruned.nodes & beyond).any()
    # only loose nodes of the chosen are missing: those without edges between kept nodes
    for node in (chosen & ~pruned.nodes).nonzero()[:, 0].tolist():
        outputs = graph.edges[:, graph.columns == node][pruned.nodes[graph.rows]]
        inputs = graph.edges[graph.rows == node][:, pruned.nodes[graph.columns]]
        is_feature = graph.nodes.kind[node] == "feature"
        assert not outputs.any() or (is_feature and not inputs.any())


@settings(max_examples=40)
@given(seed=SEEDS, nodes=SHARES, edges=SHARES, density=st.floats(0.1, 1))
def test_what_stays_is_connected_and_signed(seed: int, nodes: float, edges: float, density: float):
    graph = random_graph(seed, density=density)
    pruned = prune(graph, nodes, edges)
    assert pruned.nodes[always(graph)].all()
    kept = pruned.nodes[graph.rows][:, None] & pruned.nodes[graph.columns]
    assert not (pruned.edges & ~kept).any()
    assert (graph.edges[pruned.edges] != 0).all()
    for node in (pruned.nodes & ~always(graph)).nonzero()[:, 0].tolist():
        assert pruned.edges[:, graph.columns == node].any()
        assert graph.nodes.kind[node] != "feature" or pruned.edges[graph.rows == node].any()


@settings(max_examples=40)
@given(seed=SEEDS)
def test_cumulative_rises_as_influence_falls(seed: int):
    pruned = prune(random_graph(seed), 0.8)
    order = pruned.influence.argsort(descending=True, stable=True)
    sums = pruned.cumulative[order]
    assert (sums.diff() >= 0).all()
    assert sums[-1] == 1
    assert torch.allclose(sums, pruned.influence[order].cumsum(0) / pruned.influence.sum())


def test_higher_thresholds_keep_more():
    graph = random_graph(5)
    before = prune(graph, 0.2, 1.0).nodes
    for threshold in (0.4, 0.6, 0.8, 1.0):
        after = prune(graph, threshold, 1.0).nodes
        assert after[before].all()
        before = after


def test_loose_features_are_dropped_one_after_the_other():
    # token 0 -> feature 2 -> feature 3 -> feature 4 -> logit 5 is weak; token 1 -> logit is strong
    chain = {(2, 0): 1.0, (3, 2): 1.0, (4, 3): 1.0, (5, 4): 0.01, (5, 1): -5.0}
    graph = hand_graph("ttfffl", chain, {5: 1.0})
    pruned = prune(graph, 1.0, 0.9)
    assert pruned.nodes.tolist() == [True, True, False, False, False, True]
    assert graph.edges[pruned.edges].tolist() == [-5.0]
    assert prune(graph, 1.0, 1.0).nodes.all()


def test_a_feature_without_inputs_is_dropped_and_what_it_fed_too():
    chain = {(3, 2): 1.0, (4, 3): 1.0, (4, 0): 1.0, (2, 1): 0.0}
    graph = hand_graph("ttffl", chain, {4: 1.0})
    assert prune(graph, 1.0, 1.0).nodes.tolist() == [True, True, False, False, True]


def test_errors_without_outputs_are_dropped():
    graph = hand_graph("tel", {(2, 0): 1.0, (2, 1): 1e-6}, {2: 1.0})
    assert prune(graph, 1.0, 0.9).nodes.tolist() == [True, False, True]


def test_targets_without_probability_stay():
    graph = hand_graph("tll", {(1, 0): 1.0, (2, 0): 1.0}, {1: 1.0, 2: 0.0})
    assert prune(graph).nodes.all()


def test_influence_and_edges_are_those_of_the_full_graph():
    graph = random_graph(6)
    pruned = prune(graph, 0.5, 0.5)
    assert torch.equal(pruned.influence, source_influence(graph))
    assert pruned.graph is graph
    logits = graph.nodes.where("logit")
    assert not pruned.influence[logits].any()


def test_whole_keeps_everything():
    graph = random_graph(7)
    everything = whole(graph)
    assert everything.nodes.all()
    assert torch.equal(everything.edges, graph.edges != 0)
    assert torch.equal(everything.cumulative, prune(graph).cumulative)
    assert (everything.node_threshold, everything.edge_threshold) == (1, 1)


def test_whole_has_the_influence_that_a_file_recorded():
    graph = hand_graph("tl", {(1, 0): 1.0}, {1: 1.0})
    recorded = whole(graph.with_info(neuronpedia={"influence": [0.25, None]})).cumulative
    assert recorded[0] == 0.25
    assert recorded[1].isnan()


def test_a_graph_without_edges_is_pruned():
    for graph in (hand_graph("tl", {}, {1: 1.0}), hand_graph("", {}, {})):
        assert prune(graph).nodes.all()


def test_targets_of_all_kinds_stay_in_a_traced_graph():
    model = tiny_model("llama", torch.float32)
    targets = [TokenTarget(7), LogitDifference(8, 9), FeatureTarget(1, 4)]
    graph = trace(model, tokens(), tiny_dictionary(model), targets)
    pruned = prune(graph, 0.3, 0.5)
    assert pruned.nodes[graph.rows[graph.weights > 0]].all()
    assert int((graph.weights > 0).sum()) == 3
    assert pruned.nodes[graph.nodes.where("token")].all()
    assert int(pruned.nodes.sum()) < len(graph.nodes)
