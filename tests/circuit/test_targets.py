"""Targets: what can be explained, and that each row means what it says."""

import pytest
import torch

from microtome.circuit import (
    DirectionTarget,
    FeatureTarget,
    LogitDifference,
    TokenTarget,
    trace,
)
from microtome.circuit.graph import Graph
from microtome.circuit.targets import likely_tokens
from microtome.errors import MicrotomeError
from tests.circuit.dictionaries import tiny_dictionary
from tests.model.families import tiny_model, tokens


def _row(graph: Graph, row: int) -> dict[str, float]:
    """Edges of a row by the name of their source."""
    columns = graph.columns.tolist()
    return {graph.nodes.name(c): float(e) for c, e in zip(columns, graph.edges[row], strict=True)}


def _trace(model, *targets) -> Graph:
    return trace(model, tokens(), tiny_dictionary(model), targets)


def test_likely_tokens_are_the_fewest_that_reach_95_percent():
    logits = torch.tensor([0.5, 0.3, 0.1, 0.06, 0.04]).log()
    assert likely_tokens(logits).tolist() == [0, 1, 2, 3]
    assert len(likely_tokens(torch.zeros(1000))) == 10
    assert likely_tokens(torch.tensor([0.0, 50.0])).tolist() == [1]


def test_by_default_the_likely_tokens_are_explained():
    model = tiny_model("llama")
    graph = _trace(model)
    expected = likely_tokens(model.run(tokens()).logits[0, -1])
    logits = graph.nodes.where("logit")
    assert graph.nodes.feature[logits].tolist() == expected.tolist()
    probability = model.run(tokens()).logits[0, -1].softmax(-1)[expected]
    assert torch.allclose(graph.nodes.probability[logits], probability, atol=1e-6)


@pytest.mark.parametrize("family", ["llama", "gemma2", "gpt_neox"])
def test_a_logit_row_sums_to_the_logit_against_the_mean(family: str):
    """Before the soft-cap where a family has one."""
    model = tiny_model(family)
    graph = _trace(model, TokenTarget(7))
    logits = model.run(tokens(), ["final"])["final"][0, -1] @ model.unembed.weight.detach()
    assert float(graph.edges[0].sum()) == pytest.approx(float(logits[7] - logits.mean()), abs=1e-6)


def test_a_logit_difference_is_the_difference_of_two_rows():
    model = tiny_model("llama")
    plus, minus = _trace(model, TokenTarget(5)), _trace(model, TokenTarget(9))
    difference = _trace(model, LogitDifference(5, 9))
    a, b, both = (_row(graph, 0) for graph in (plus, minus, difference))
    for name in a:
        assert both[name] == pytest.approx(a[name] - b[name], abs=1e-9)
    assert difference.weights[0] == 1
    assert difference.nodes.kind[int(difference.rows[0])] == "direction"


@pytest.mark.parametrize("family", ["llama", "gpt_neox"])
def test_an_active_feature_as_target_is_its_own_node(family: str):
    model = tiny_model(family)
    whole = _trace(model)
    node = int(whole.nodes.where("feature")[-1])
    layer, feature = int(whole.nodes.layer[node]), int(whole.nodes.feature[node])
    position = int(whole.nodes.position[node])
    graph = _trace(model, FeatureTarget(layer, feature, position))
    assert len(graph.nodes.where("feature")) == len(whole.nodes.where("feature"))
    assert graph.nodes.name(int(graph.rows[0])) == whole.nodes.name(node)
    assert not len(graph.nodes.where("logit"))
    row = int((whole.rows == node).nonzero()[0])
    ours, theirs = _row(graph, 0), _row(whole, row)
    assert all(ours[name] == pytest.approx(theirs[name], abs=1e-12) for name in theirs)
    assert graph.residual.max() < 1e-9


def test_an_inactive_feature_can_be_asked_about():
    """What would have to change for it to be on: its row is exact, it has no output."""
    model = tiny_model("llama")
    whole = _trace(model)
    active = {whole.nodes.name(int(i)) for i in whole.nodes.where("feature")}
    off = next(f for f in range(32) if f"L1/{f}@4" not in active)
    graph = _trace(model, FeatureTarget(1, off, 4))
    assert graph.nodes.activation[int(graph.rows[0])] == 0
    assert graph.residual.max() < 1e-9
    assert int(graph.rows[0]) not in graph.columns.tolist()


@pytest.mark.parametrize(
    "site", ["embed", "blocks.1.resid.pre", "blocks.1.resid.mid", "blocks.2.resid.post",
             "blocks.1.mlp.in", "final"],
)  # fmt: skip
@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_any_direction_at_any_site_sums_to_its_projection(family: str, site: str):
    model = tiny_model(family)
    vector = torch.randn(model.d_model, dtype=torch.float64)
    graph = _trace(model, DirectionTarget(site, vector, 5, "probe"))
    expected = model.run(tokens(), [site])[site][0, 5] @ vector
    assert float(graph.edges[0].sum()) == pytest.approx(float(expected), abs=1e-5)
    assert graph.residual.max() < 1e-9
    assert graph.nodes.label[int(graph.rows[0])] == "probe"


def test_a_parallel_block_is_read_where_it_enters():
    model = tiny_model("gpt_neox")
    vector = torch.randn(model.d_model, dtype=torch.float64)
    graph = _trace(model, DirectionTarget("blocks.1.mlp.in", vector, 3))
    assert graph.residual.max() < 1e-9


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (TokenTarget(48), "unknown token id 48"),
        (TokenTarget(-1), "unknown token id -1"),
        (LogitDifference(3, 99), "unknown token id 99"),
        (FeatureTarget(5, 0, 0), "3 layers"),
        (FeatureTarget(0, 32, 0), "32 features"),
        (FeatureTarget(0, 0, 9), "not in a prompt of 9"),
        (DirectionTarget("blocks.0.mlp.out", torch.zeros(24)), "does not follow linearly"),
        (DirectionTarget("blocks.7.mlp.in", torch.zeros(24)), "3 layers"),
        (DirectionTarget("nowhere", torch.zeros(24)), "unknown site"),
        (DirectionTarget("final", torch.zeros(7)), "width 24"),
        (DirectionTarget("final", torch.full((24,), float("nan"))), "not finite"),
    ],
)
def test_targets_that_are_not_there_are_named(target, message: str):
    with pytest.raises(MicrotomeError, match=message):
        _trace(tiny_model("llama"), target)


def test_several_kinds_of_targets_together():
    model = tiny_model("llama")
    graph = _trace(model, TokenTarget(5), FeatureTarget(2, 3, 4), LogitDifference(5, 6))
    assert (graph.weights > 0).sum() == 3
    assert graph.influence.isfinite().all()
    assert graph.residual.max() < 1e-9
