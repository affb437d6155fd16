"""Graphs of several prompts merged: means and spreads, the common circuit, what is special."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from microtome.circuit import graph_view, load_graph
from microtome.circuit.graph import Graph, Prompt
from microtome.circuit.merge import merge
from microtome.circuit.prune import prune
from tests.circuit.graphs import hand_graph, random_graph, refusal


def edge(graph: Graph, target: str, source: str, matrix: torch.Tensor | None = None) -> float:
    names = [graph.nodes.name(i) for i in range(len(graph.nodes))]
    row = graph.rows.tolist().index(names.index(target))
    column = graph.columns.tolist().index(names.index(source))
    return float((graph.edges if matrix is None else matrix)[row, column])


def two() -> list[Graph]:
    """Feature 1 is in both graphs, feature 2 in the second alone."""
    first = hand_graph("tfl", {(1, 0): 1.0, (2, 1): 2.0, (2, 0): 0.5}, {2: 0.8})
    second = hand_graph(
        "tffl", {(1, 0): 3.0, (2, 1): 1.0, (3, 1): 4.0, (3, 2): 0.5, (3, 0): -0.5}, {3: 0.6}
    )
    nodes = second.nodes  # the same answer as the first's
    layer, feature = nodes.layer.clone(), nodes.feature.clone()
    layer[3], feature[3] = first.nodes.layer[2], first.nodes.feature[2]
    position = nodes.position.clone()
    position[3] = first.nodes.position[2]
    second = replace(
        second,
        nodes=replace(nodes, layer=layer, feature=feature, position=position),
        n_layers=first.n_layers,
    )
    return [first, second]


def test_edges_are_means_over_the_graphs_that_have_the_target():
    merged = merge(two())
    graph = merged.graph
    assert len(graph.nodes) == 4
    feature, extra = "L1/1@1", "L2/2@0"
    answer = graph.nodes.name(int(graph.nodes.where("logit")[0]))
    token = graph.nodes.name(int(graph.nodes.where("token")[0]))
    assert edge(graph, feature, token) == pytest.approx(2.0)
    assert edge(graph, feature, token, merged.spread) == pytest.approx(1.0)
    assert edge(graph, answer, feature) == pytest.approx(3.0)
    assert edge(graph, answer, extra) == pytest.approx(0.25)  # 0 in the first
    assert edge(graph, answer, extra, merged.spread) == pytest.approx(0.25)
    assert edge(graph, extra, feature) == pytest.approx(1.0)  # no such target in the first
    assert edge(graph, extra, feature, merged.spread) == 0
    assert float(graph.weights.max()) == pytest.approx(0.7)
    assert merged.present.sum().item() == 7
    assert graph.info["merged"]["present"] == merged.present.sum(1).tolist()


def test_merging_a_graph_with_itself_changes_nothing():
    one = random_graph(0)
    merged = merge([one, one, one])
    assert float(merged.spread.max()) < 1e-7
    names = [one.nodes.name(i) for i in range(len(one.nodes))]
    found = {merged.graph.nodes.name(i): i for i in range(len(merged.graph.nodes))}
    assert set(names) == set(found)
    index = torch.tensor([found[name] for name in names])
    torch.testing.assert_close(merged.graph.influence[index], one.influence)
    assert merged.graph.scores.replacement == pytest.approx(one.scores.replacement)
    kept = {names[i] for i in prune(one).nodes.nonzero()[:, 0].tolist()}
    assert {merged.graph.nodes.name(i) for i in merged.common.tolist()} == kept
    assert not len(merged.specific(0))


def test_common_and_specific_parts():
    merged = merge(two())
    nodes = merged.graph.nodes
    assert "L1/1@1" in [nodes.name(i) for i in merged.common.tolist()]
    assert not len(merged.specific(0))
    own = [nodes.name(i) for i in merged.specific(1).tolist()]
    assert set(own) <= {"L2/2@0"}
    assert merged.graph.info["pinned"] == ["L1/1@1"]


def test_the_document_says_which_prompts_a_node_is_of(tmp_path: Path):
    merged = merge(two())
    merged.graph.save(tmp_path / "merged")
    read = load_graph(tmp_path / "merged")
    assert read.spread is not None
    assert torch.equal(read.spread[read.edges != 0], merged.spread[read.edges != 0])
    view = graph_view(read)
    assert view.merged is not None
    names = view.nodes.id
    extra, feature = names.index("L2/2@0"), names.index("L1/1@1")
    first, second = view.merged.influence
    assert first[extra] is None
    assert first[feature] == pytest.approx(float(two()[0].influence[1]), rel=1e-3)
    assert second[feature] is not None
    kept = [{names[i] for i in row} for row in view.merged.kept]
    common = {merged.graph.nodes.name(i) for i in merged.common.tolist()}
    assert kept[0] & kept[1] == common
    assert view.edges.spread is not None
    edge = list(zip(view.edges.source, view.edges.target, strict=True)).index((feature, extra))
    assert view.edges.spread[edge] == 0  # of one prompt alone


def test_of_a_part_the_document_says_the_same():
    graph = merge([random_graph(0), random_graph(1)]).graph
    whole, part = graph_view(graph), graph_view(graph, pruned=prune(graph, 0.5, 0.8))
    assert whole.merged is not None
    assert part.merged is not None
    assert len(part.nodes.id) < len(whole.nodes.id)
    for number in range(2):
        kept = {whole.nodes.id[i] for i in whole.merged.kept[number]}
        assert {part.nodes.id[i] for i in part.merged.kept[number]} == kept & set(part.nodes.id)
        of = dict(zip(whole.nodes.id, whole.merged.influence[number], strict=True))
        assert part.merged.influence[number] == [of[name] for name in part.nodes.id]


@pytest.mark.parametrize(
    "held",
    [{}, {"prompts": ["a", "b"], "influence": [[0.5]], "kept": [[0]]}, {"prompts": 3}, "x"],
)
def test_what_a_file_says_of_prompts_that_fits_no_node_is_left_out(held):
    graph = random_graph(0).with_info(merged=held)
    assert graph_view(graph).merged is None


def _longer(graph: Graph, by: int) -> Graph:
    prompt = graph.prompt
    tokens = (*[9] * by, *prompt.tokens)
    position = torch.where(graph.nodes.position >= 0, graph.nodes.position + by, -1)
    return replace(
        graph,
        prompt=Prompt("longer", tokens, (*["x"] * by, *prompt.strings)),
        nodes=replace(graph.nodes, position=position),
    )


def test_positions_are_matched_from_either_end():
    one = random_graph(1)
    other = _longer(one, 3)
    from_end = merge([one, other], align="end")
    assert len(from_end.graph.nodes) == len(one.nodes)
    assert float(from_end.spread.max()) < 1e-7
    assert from_end.graph.prompt.strings == ("x", "x", "x", "a", " b")
    from_start = merge([one, other])
    assert len(from_start.graph.nodes) > len(one.nodes)
    assert from_start.graph.prompt.strings[:2] == ("a/x", " b/x")


def test_a_merged_graph_is_saved_and_shown(tmp_path: Path):
    merged = merge([random_graph(0), random_graph(1)])
    merged.graph.save(tmp_path / "merged")
    read = load_graph(tmp_path / "merged")
    assert torch.equal(read.edges, merged.graph.edges)
    assert read.info["merged"]["prompts"] == ["a b", "a b"]
    view = graph_view(read)
    assert any("merged from 2 prompts" in warning for warning in view.warnings)
    assert view.state is not None
    assert view.state.pinned == merged.graph.info["pinned"]


def test_graphs_that_do_not_belong_together_are_refused():
    one, other = random_graph(0), random_graph(1)
    assert "at least two" in refusal(merge, [one])
    a, b = one.with_info(model_fingerprint="1"), other.with_info(model_fingerprint="2")
    assert "different models" in refusal(merge, [a, b])
    a, b = one.with_info(dictionary_fingerprint="1"), other.with_info(dictionary_fingerprint="2")
    assert "one dictionary" in refusal(merge, [a, b])
    assert "layers" in refusal(merge, [one, replace(other, n_layers=2)])
