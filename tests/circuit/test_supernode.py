"""Groups by role: copies are found, order does not matter, quality says what chance would not."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from microtome.circuit.graph import Graph
from microtome.circuit.prune import Pruned, prune, whole
from microtome.circuit.supernode import Grouping, GroupOptions, group
from microtome.circuit.supernode.cluster import k_means, linkage_groupings, random_groupings
from microtome.circuit.supernode.flow import flow_of
from microtome.circuit.supernode.keep import is_automatic
from microtome.circuit.supernode.likeness import likeness, profiles
from microtome.circuit.supernode.quality import explained, quality
from microtome.circuit.view import Supernode, ViewState
from tests.circuit.dictionaries import tiny_dictionary
from tests.circuit.graphs import hand_graph, random_graph, refusal
from tests.model.families import tiny_model

ROLES = {6: "a", 7: "a", 8: "b", 9: "b", 10: "b", 11: "c", 12: "c"}


def role_graph() -> Graph:
    """Two tokens, seven features that do three things, two answers; all at one position."""
    kinds = "tteeee" + "f" * 7 + "ll"
    generator = torch.Generator().manual_seed(0)

    def near(weight: float) -> float:
        return weight * (1 + 0.05 * float(torch.randn((), generator=generator)))

    edges: dict[tuple[int, int], float] = {}
    for node, role in ROLES.items():
        if role == "a":
            edges |= {(node, 0): near(1.0), (13, node): near(0.2)}
        elif role == "b":
            edges |= {(node, 1): near(1.0), (node, 0): near(0.1), (14, node): near(0.5)}
        else:
            edges |= {(node, 6): near(0.7), (node, 7): near(0.6), (13, node): near(1.0)}
            edges |= {(node, 8): near(-0.5), (14, node): near(-0.9)}
    graph = hand_graph(kinds, edges, {13: 0.6, 14: 0.3})
    position = torch.ones_like(graph.nodes.position)
    label = tuple(f"{ROLES[i]} ends in {i}" if i in ROLES else "" for i in range(len(kinds)))
    return replace(graph, nodes=replace(graph.nodes, position=position, label=label))


def named(grouping: Grouping) -> dict[str, frozenset[str]]:
    nodes = grouping.pruned.graph.nodes
    return {g.label: frozenset(map(nodes.name, g.members)) for g in grouping.groups}


def reordered(graph: Graph, seed: int) -> Graph:
    """The same graph with nodes, rows and columns in another order."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(graph.nodes), generator=generator)
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order))
    rows = torch.randperm(len(graph.rows), generator=generator)
    columns = torch.randperm(len(graph.columns), generator=generator)
    return replace(
        graph,
        nodes=graph.nodes.select(order),
        rows=place[graph.rows[rows]],
        columns=place[graph.columns[columns]],
        edges=graph.edges[rows][:, columns],
        **{
            name: getattr(graph, name)[rows]
            for name in ("weights", "unexpanded_mass", "value", "residual")
        },
    )


def test_features_of_one_role_are_found():
    grouping = group(whole(role_graph()))
    assert sorted(sorted(g.members) for g in grouping.groups) == [[6, 7], [8, 9, 10], [11, 12]]
    assert grouping.quality.value > 0.02


@pytest.mark.parametrize("seed", range(5))
def test_a_rerun_and_another_order_of_nodes_give_the_same(seed: int):
    graph = random_graph(seed, features=20)
    first = group(whole(graph))
    again, other = group(whole(graph)), group(whole(reordered(graph, seed)))
    assert named(again) == named(first) == named(other)
    assert again.quality == first.quality == other.quality
    assert [g.influence for g in first.groups] == [g.influence for g in other.groups]
    assert first.state().supernodes == other.state().supernodes


def test_positions_are_kept_apart_unless_asked():
    graph = random_graph(3, features=16)

    def positions(options: GroupOptions) -> list[int]:
        found = group(whole(graph), options=options).groups
        return [len({int(graph.nodes.position[i]) for i in g.members}) for g in found]

    assert set(positions(GroupOptions())) == {1}
    assert set(positions(GroupOptions(groups=2))) == {1}
    assert positions(GroupOptions(groups=1, across_positions=True)) == [2]
    assert "1 groups; 2 to 16" in refusal(group, whole(graph), None, None, GroupOptions(groups=1))


def test_the_number_of_groups_can_be_set():
    for wanted in (2, 5, 12):
        grouping = group(whole(random_graph(1)), options=GroupOptions(groups=wanted))
        assert len(grouping.groups) == wanted
        assert sum(len(g.members) for g in grouping.groups) == 12


def test_a_graph_without_features_has_no_groups():
    grouping = group(whole(hand_graph("tl", {(1, 0): 1.0}, {1: 1.0})))
    assert grouping.groups == ()
    assert grouping.quality.value == 0


def test_quality_by_hand():
    # 0 and 1 are features, both feed the answer 2; token 3 feeds both, 1 is fed by 0
    share = np.zeros((4, 4))
    share[2, 0], share[2, 1], share[0, 3], share[1, 3], share[1, 0] = 0.3, 0.3, 0.2, 0.1, 0.1
    assert explained(share, np.array([0, 1])) == pytest.approx((1.0, 1.0))
    between, kept = explained(share, np.array([0, 0]))
    assert between == pytest.approx(0.9)  # all but 0 -> 1
    # received: 0.2 and 0.2 of 0.4; sent: 0.4 and 0.3 of 0.7
    into, out = [0.3 * 0.5, 0.3 * 0.5], [0.6 * 4 / 7, 0.6 * 3 / 7]
    expected = min(0.2, into[0]) + min(0.1, into[1]) + min(0.3, out[0]) + min(0.3, out[1])
    assert kept == pytest.approx(expected)
    share[2, 1] = -0.3  # opposite signs cancel: nothing is known of what the group does
    assert explained(share, np.array([0, 0]))[1] == pytest.approx(0.15 + 0.1)


def test_quality_is_nothing_for_one_group_each_alone_and_layers():
    pruned = whole(random_graph(2, features=18))
    pruned = replace(pruned, graph=_at_one_position(pruned.graph))
    flow = flow_of(pruned)
    n = flow.n_features
    for labels in (np.zeros(n, int), np.arange(n)):
        found = quality(flow, labels)
        assert (found.value, found.beyond_layers) == pytest.approx((0, 0), abs=1e-12)
    flow = flow_of(whole(_layered()))
    found = quality(flow, flow.layer)
    assert set(flow.layer) == {0, 1, 2}
    assert found.beyond_layers == pytest.approx(0, abs=1e-12)


def _at_one_position(graph: Graph) -> Graph:
    return replace(
        graph, nodes=replace(graph.nodes, position=torch.ones_like(graph.nodes.position))
    )


def _layered() -> Graph:
    graph = _at_one_position(random_graph(4, features=18))
    nodes = graph.nodes
    feature = torch.tensor([kind == "feature" for kind in nodes.kind])
    layer = torch.where(feature, (nodes.layer - 6) // 6, nodes.layer)
    return replace(graph, nodes=replace(nodes, layer=layer))


def test_controls_keep_sizes_within_layers_and_positions():
    pruned = whole(role_graph())
    flow = flow_of(pruned)
    labels = np.array([0, 0, 1, 1, 1, 2, 2])
    kinds = np.array([0, 0, 0, 1, 1, 1, 1])
    drawn = list(random_groupings(labels, kinds, 20))
    assert len({tuple(one) for one in drawn}) > 2
    for one in drawn:
        for kind in (0, 1):
            assert sorted(one[kinds == kind]) == sorted(labels[kinds == kind])
    found = k_means(profiles(flow), flow.position, 3)
    assert found.tolist() == [0, 0, 1, 1, 1, 2, 2]


def test_copies_are_joined_first():
    graph = role_graph()
    edges = graph.edges.clone()
    rows = {int(node): row for row, node in enumerate(graph.rows)}
    columns = {int(node): column for column, node in enumerate(graph.columns)}
    edges[rows[9]], edges[:, columns[9]] = edges[rows[8]], edges[:, columns[8]]
    flow = flow_of(whole(replace(graph, edges=edges)))
    alike = likeness(flow, graph)
    assert alike[2, 3] == pytest.approx(1.0)
    first = linkage_groupings(alike, flow.position)[1]
    assert first[2] == first[3]
    assert len(np.unique(first)) == 6


def test_the_dictionary_sharpens_and_must_be_the_graphs():
    dictionary = tiny_dictionary(tiny_model("llama", torch.float32), "clt")
    graph = random_graph(0, features=3)
    nodes = graph.nodes
    layer = torch.tensor(
        [i - 6 if k == "feature" else int(nodes.layer[i]) for i, k in enumerate(nodes.kind)]
    )
    graph = replace(graph, nodes=replace(nodes, layer=layer % 2, position=nodes.position * 0 + 1))
    flow = flow_of(whole(graph))
    assert not np.allclose(likeness(flow, graph), likeness(flow, graph, dictionary))
    assert len(group(whole(graph), dictionary).groups) >= 1
    other = graph.with_info(dictionary_fingerprint="0" * 64, dictionary="other/clt")
    message = refusal(group, whole(other), dictionary)
    assert "traced with other/clt" in message


def test_groups_made_by_hand_stay():
    pruned = whole(role_graph())
    nodes = pruned.graph.nodes
    mine = Supernode(id="supernode-1", label="mine", members=[nodes.name(7), nodes.name(8)])
    before = ViewState(pinned=[nodes.name(6)], supernodes=[mine], notes="look")
    grouping = group(pruned, state=before)
    assert grouping.groups[0].by_hand
    assert grouping.groups[0].members == (7, 8)
    assert all(not {7, 8} & set(g.members) for g in grouping.groups[1:])
    after = grouping.state(before)
    assert after.supernodes[0] == mine
    assert (after.pinned, after.notes) == (before.pinned, before.notes)
    assert group(pruned, state=after).state(after) == after


def test_a_group_that_somebody_changed_is_theirs():
    pruned = whole(role_graph())
    state = group(pruned).state()
    assert len(state.supernodes) == 3
    assert all(map(is_automatic, state.supernodes))
    renamed = state.supernodes[1].model_copy(update={"label": "what I call it"})
    changed = state.model_copy(update={"supernodes": [state.supernodes[0], renamed]})
    after = group(pruned, state=changed).state(changed)
    assert after.supernodes[0] == renamed
    members = [name for s in after.supernodes for name in s.members]
    assert len(members) == len(set(members)) == 7


def test_only_features_that_are_kept_are_grouped():
    pruned: Pruned = prune(random_graph(5, features=30), 0.6)
    members = {i for g in group(pruned).groups for i in g.members}
    kept = set(pruned.nodes.nonzero()[:, 0].tolist())
    assert members == kept & set(pruned.graph.nodes.where("feature").tolist())
