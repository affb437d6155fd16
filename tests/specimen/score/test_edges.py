"""AUROC of graphs against a circuit, on graphs written by hand."""

import pytest
import torch

from microtome.circuit import Graph, Nodes, Prompt
from microtome.errors import MicrotomeError
from microtome.specimen.score.edges import (
    auroc,
    aurocs,
    edge_scores,
    judge_edges,
)
from microtome.specimen.score.matching import INPUT, Meanings, match_by_label
from microtome.specimen.score.pairs import known_pairs, nodeless, possible_pairs
from microtome.specimen.truth import Edge, Truth, Variable


def truth(edges: bool = True) -> Truth:
    """token -> a (layer 0) -> b (layer 1) -> answer; c (layer 0) leads nowhere."""
    variables = [
        Variable(name="token", site="embed", values=["x", "y"]),
        Variable(name="a", site="blocks.0.resid.post", values=["0", "1"]),
        Variable(name="c", site="blocks.0.resid.post", values=["0", "1"]),
        Variable(name="b", site="blocks.1.resid.post", values=["0", "1"]),
        Variable(name="answer", site="logits", values=["x", "y"]),
    ]
    steps = [
        Edge(source="token", target="a", via="mlp", layer=0),
        Edge(source="token", target="c", via="mlp", layer=0),
        Edge(source="a", target="b", via="mlp", layer=1),
        Edge(source="b", target="answer", via="unembedding"),
    ]
    return Truth(specimen="hand", kind="compiled", variables=variables, edges=steps * edges)


MEANINGS = Meanings({(0, 0): "a", (0, 1): "c", (1, 0): "b"})


def graph(edges: dict[tuple[int, int], float]) -> Graph:
    """Nodes: token, features a, c (layer 0), b (layer 1), one that means nothing, logit."""
    kinds = ("token", "feature", "feature", "feature", "feature", "logit")
    layer = torch.tensor([-1, 0, 0, 1, 1, 2])
    nan = torch.full((6,), float("nan"))
    nodes = Nodes(
        kinds,
        layer,
        torch.ones(6, dtype=torch.long),
        torch.tensor([3, 0, 1, 0, 7, 4]),
        torch.where(torch.tensor([kind == "feature" for kind in kinds]), 1.0, nan),
        nan,
        ("",) * 6,
    )
    matrix = torch.zeros(5, 5)
    for (source, target), value in edges.items():
        matrix[target - 1, source] = value
    return Graph(
        prompt=Prompt("x", (3,), ("x",)),
        nodes=nodes,
        rows=torch.arange(1, 6),
        columns=torch.arange(5),
        edges=matrix,
        weights=torch.tensor([0.0, 0, 0, 0, 1]),
        unexpanded_mass=torch.zeros(5),
        value=torch.full((5,), float("nan")),
        residual=torch.full((5,), float("nan")),
        n_layers=2,
    )


RIGHT = {(0, 1): 1.0, (0, 2): -1.0, (1, 3): 2.0, (2, 3): 0.1, (3, 5): 1.0, (4, 5): 0.3}
WRONG = {(0, 3): 1.0, (2, 3): 3.0, (2, 5): 1.0, (1, 5): 1.0, (0, 5): 1.0}


def test_the_true_circuit_is_told_from_a_wrong_one():
    for edges, expected in ((RIGHT, 1.0), (WRONG, 0.0)):
        verdict = judge_edges(edge_scores([graph(edges)], truth(), MEANINGS), truth(), 2)
        assert verdict is not None
        assert verdict.auroc == expected
        assert (verdict.true, verdict.pairs) == (4, 9)
        assert verdict.shuffled == pytest.approx(0.5, abs=0.06)


def test_edges_count_as_shares_of_their_target():
    scores = edge_scores([graph(RIGHT)], truth(), MEANINGS)
    at = {name: i for i, name in enumerate(scores.names)}
    assert scores.strength[at["a"], at["b"]] == pytest.approx(2 / 2.1)
    assert scores.strength[at["b"], at["answer"]] == pytest.approx(1 / 1.3)
    assert scores.strength[at[INPUT], at["c"]] == 1.0
    assert scores.matched == 0.75
    double = {pair: 10 * value for pair, value in RIGHT.items()}
    again = edge_scores([graph(RIGHT), graph(double)], truth(), MEANINGS)
    torch.testing.assert_close(again.strength, scores.strength)


def test_graphs_that_show_nothing_are_at_chance():
    scores = edge_scores([graph({(4, 5): 1.0})], truth(), Meanings({}))
    verdict = judge_edges(scores, truth(), 2)
    assert verdict is not None
    assert verdict.auroc == 0.5
    assert verdict.shuffled == 0.5


def test_what_a_graph_has_no_node_for_is_unsure():
    everything = known_pairs(truth(), {INPUT, "a", "b", "c", "answer"})
    assert everything.true == {(INPUT, "a"), (INPUT, "c"), ("a", "b"), ("b", "answer")}
    assert not everything.unsure
    assert (INPUT, "b") in known_pairs(truth(), {INPUT, "b", "answer"}).unsure
    assert (INPUT, "answer") in known_pairs(truth(), {INPUT, "answer"}).unsure


def with_heads() -> Truth:
    """token -(head)-> moved -> a; position selects moved; a selects taken, token is carried
    into it, and it becomes b."""
    mid, post = "blocks.{}.resid.mid", "blocks.{}.resid.post"
    sites = {"text": "tokens", "token": "embed", "position": "embed", "answer": "logits"}
    sites |= {"moved": mid.format(0), "a": post.format(0)}
    sites |= {"taken": mid.format(1), "b": post.format(1)}
    edges = [
        Edge(source="text", target="token", via="embedding"),
        Edge(source="token", target="moved", via="attention", layer=0, head=0),
        Edge(source="position", target="moved", via="selection", layer=0, head=0),
        Edge(source="moved", target="a", via="mlp", layer=0),
        Edge(source="a", target="taken", via="selection", layer=1, head=0),
        Edge(source="token", target="taken", via="attention", layer=1, head=0),
        Edge(source="taken", target="b", via="mlp", layer=1),
        Edge(source="b", target="answer", via="unembedding"),
    ]
    variables = [Variable(name=name, site=site, values=["x", "y"]) for name, site in sites.items()]
    return Truth(specimen="heads", kind="compiled", variables=variables, edges=edges)


def test_selection_is_neither_right_nor_wrong_and_attention_lies_on_edges():
    known = known_pairs(with_heads(), {INPUT, "a", "b", "answer"})
    without = nodeless(with_heads(), {INPUT, "a", "b", "answer"})
    assert without == {"moved", "taken", "position"}
    assert nodeless(with_heads(), {"moved"}) == {"taken", "position"}
    shown = {pair for pair in known.true if not set(pair) & without}
    assert shown == {(INPUT, "a"), (INPUT, "b"), ("b", "answer")}
    assert ("a", "b") in known.unsure
    assert (INPUT, "answer") not in known.true | known.unsure
    # with b unshown, what reaches the answer through it can be no fault
    assert {(INPUT, "answer"), ("a", "answer")} <= known_pairs(with_heads(), {INPUT, "a"}).unsure


def test_features_of_one_variable_are_summed_with_their_signs():
    """Two that all but cancel weigh what is left of them."""
    meanings = Meanings({(0, 0): "a", (0, 1): "a", (1, 0): "b", (1, 7): "c"})
    scores = edge_scores(
        [graph({(1, 5): 100.0, (2, 5): -99.0, (3, 5): 3.0, (4, 5): 1.0})], truth(), meanings
    )
    at = {name: i for i, name in enumerate(scores.names)}
    assert scores.strength[at["a"], at["answer"]] == pytest.approx(0.2)
    assert scores.strength[at["b"], at["answer"]] == pytest.approx(0.6)


def test_only_earlier_sites_reach_later_ones():
    names = (INPUT, "a", "c", "b", "answer")
    pairs = {(names[i], names[j]) for i, j in possible_pairs(truth(), names, 2)}
    assert ("a", "c") not in pairs
    assert ("b", "a") not in pairs
    assert (INPUT, "answer") in pairs
    assert len(pairs) == 9


def test_auroc_by_hand():
    scores = torch.tensor([3.0, 2.0, 2.0, 0.0])
    assert auroc(scores, torch.tensor([True, False, True, False])) == pytest.approx(3.5 / 4)


def test_labels_name_variables():
    labels = [((0, 3), "a"), ((1, 2), "B = 1"), ((1, 4), "something else"), ((0, 1), "")]
    assert match_by_label(labels, truth()).variables == {(0, 3): "a", (1, 2): "b"}


def test_a_truth_without_edges_is_refused():
    scores = edge_scores([graph(RIGHT)], truth(edges=False), MEANINGS)
    with pytest.raises(MicrotomeError, match="has no edges"):
        judge_edges(scores, truth(edges=False), 2)


def test_pairs_without_nodes_may_be_left_out():
    meanings = Meanings({(0, 0): "a", (0, 1): "c"})
    edges = {(0, 1): 1.0, (0, 2): 1.0, (0, 5): 0.1, (1, 5): 0.5, (2, 5): 0.2}
    scores = edge_scores([graph(edges)], truth(), meanings)
    shown = judge_edges(scores, truth(), 2, only_shown=True)
    everything = judge_edges(scores, truth(), 2)
    assert shown is not None and everything is not None
    # token -> a, token -> c are true; token, c -> answer are false; a -> answer jumps b
    assert (everything.true, everything.pairs) == (4, 9)
    assert (shown.true, shown.pairs) == (2, 4)
    assert shown.auroc == 1.0
    assert everything.auroc < 1.0
    found, shuffled = aurocs(scores, truth(), 2, seed=0)
    assert found == {"auroc": everything.auroc, "auroc_shown": 1.0}
    assert shuffled["auroc_shown"] == pytest.approx(0.5, abs=0.1)
