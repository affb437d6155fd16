"""Influence and scores by hand, on graphs of a few nodes."""

import pytest
import torch

from tests.circuit.graphs import hand_graph


def test_influence_by_hand():
    # token 0 and error 1 feed feature 2; feature 2 and token 0 feed the logit 3
    graph = hand_graph("tefl", {(2, 0): 3.0, (2, 1): -1.0, (3, 2): -2.0, (3, 0): 2.0}, {3: 0.5})
    assert graph.influence.tolist() == pytest.approx([0.5 + 0.5 * 0.75, 0.125, 0.5, 1.0])
    assert graph.scores.replacement == pytest.approx(0.875)
    # the logit has no error input, the feature a quarter: (1 * 1 + 0.5 * 0.75) / 1.5
    assert graph.scores.completeness == pytest.approx((1 + 0.5 * 0.75) / 1.5)
    assert graph.scores.worst_residual != graph.scores.worst_residual


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


def test_nodes_select_and_name():
    graph = hand_graph("tefbul", {(5, 0): 1.0}, {5: 1.0})
    names = [graph.nodes.name(i) for i in range(6)]
    assert names == ["token 0@0", "error L1@1", "L2/2@0", "bias", "unexpanded", "logit 5@1"]
    picked = graph.nodes.select(torch.tensor([5, 2]))
    assert picked.kind == ("logit", "feature")
    assert [picked.name(i) for i in range(2)] == ["logit 5@1", "L2/2@0"]
