"""The collapsed graph keeps direct effects and influence."""

import pytest
import torch

from microtome.circuit.prune import prune, whole
from microtome.circuit.supernode import group
from microtome.circuit.supernode.collapse import REST
from tests.circuit.graphs import random_graph


@pytest.mark.parametrize("seed", range(4))
def test_influence_of_supernodes_is_that_of_their_members(seed: int):
    graph = random_graph(seed, features=20)
    pruned = prune(graph, 0.7)
    collapsed = group(pruned).graph
    assert collapsed.labels[-1] == REST
    assert sorted(i for nodes in collapsed.members for i in nodes) == list(range(len(graph.nodes)))
    for nodes, influence in zip(collapsed.members, collapsed.influence, strict=True):
        assert float(influence) == pytest.approx(float(graph.influence[list(nodes)].sum()))
    asked = torch.zeros(len(graph.nodes), dtype=torch.float64)
    asked[graph.rows] = graph.start_weights
    own = torch.stack([asked[list(nodes)].sum() for nodes in collapsed.members])
    flowing = collapsed.influence @ collapsed.shares + own
    torch.testing.assert_close(flowing, collapsed.influence, rtol=1e-9, atol=1e-12)


def test_direct_effects_are_the_sums_of_members():
    graph = random_graph(1, features=20)
    grouping = group(whole(graph))
    collapsed = grouping.graph
    columns = {int(node): column for column, node in enumerate(graph.columns)}
    answers = [
        t
        for t, nodes in enumerate(collapsed.members)
        if nodes and graph.nodes.kind[nodes[0]] == "logit"
    ]
    assert len(answers) == 2
    for target in answers:
        row = (graph.rows == collapsed.members[target][0]).nonzero()[0, 0]
        for source, supernode in enumerate(grouping.groups):
            direct = sum(
                float(graph.edges[row, columns[i]]) for i in supernode.members if i in columns
            )
            assert float(collapsed.edges[target, source]) == pytest.approx(direct)


def test_an_edge_between_supernodes_is_the_weighted_mean_over_receivers():
    graph = random_graph(2, features=20)
    grouping = group(whole(graph))
    collapsed = grouping.graph
    rows = {int(node): row for row, node in enumerate(graph.rows)}
    columns = {int(node): column for column, node in enumerate(graph.columns)}
    for t, into in enumerate(grouping.groups[:4]):
        for s, out in enumerate(grouping.groups[:4]):
            sums = [
                sum(float(graph.edges[rows[i], columns[j]]) for j in out.members)
                for i in into.members
            ]
            weights = [float(graph.influence[i] / graph.mass[rows[i]]) for i in into.members]
            mean = sum(w * x for w, x in zip(weights, sums, strict=True)) / sum(weights)
            assert float(collapsed.edges[t, s]) == pytest.approx(mean)
