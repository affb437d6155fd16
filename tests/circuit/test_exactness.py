"""Causal ground truth: edges equal real interventions, rows sum, for every family."""

import pytest
import torch

from microtome.circuit.trace import trace
from tests.circuit.dictionaries import KINDS, tiny_dictionary
from tests.circuit.exactness import conservation, measure
from tests.model.families import FAMILIES, tiny_model, tokens


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_edges_equal_direct_effects_and_rows_sum(family: str, kind: str):
    """Removing a source moves every target by minus its edge, measured on the real modules."""
    exactness = measure(family, kind)
    assert exactness.effect <= 1e-9
    assert exactness.effects > 10_000
    assert exactness.residual <= 1e-9
    assert exactness.residual_of_value <= 1e-9
    assert exactness.rows_of_value > 20


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_rows_sum_in_float32(family: str, kind: str):
    residual, of_value, _ = conservation(family, kind, torch.float32)
    assert residual <= 1e-3
    assert of_value <= 1e-3


@pytest.mark.parametrize("read", ["mlp.normalized", "mlp.in", "resid.mid"])
@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2", "olmo2"])
def test_dictionaries_may_read_before_the_norms_weight(family: str, read: str):
    model = tiny_model(family)
    graph = trace(model, tokens(), tiny_dictionary(model, "plt", read=read))
    assert graph.residual.max() <= 1e-9


def test_a_wrong_map_would_be_noticed():
    """The tests above can fail: a graph of another model's dictionary input does not sum."""
    model = tiny_model("llama")
    graph = trace(model, tokens(), tiny_dictionary(model))
    broken = graph.edges.clone()
    broken[:, graph.nodes.where("bias")] = 0
    sums = broken.sum(1)
    assert ((sums - graph.value).abs() / graph.mass).max() > 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_chunks_and_budgets_do_not_change_edges(kind: str):
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model, kind)
    whole = trace(model, tokens(), dictionary)
    chunked = trace(model, tokens(), dictionary, memory_gb=1e-5)
    assert torch.allclose(whole.edges, chunked.edges, atol=1e-12)
    capped = trace(model, tokens(), dictionary, max_features=25)
    names = [whole.nodes.name(i) for i in range(len(whole.nodes))]
    place = {name: i for i, name in enumerate(names)}
    at = torch.tensor([place.get(capped.nodes.name(i), -1) for i in range(len(capped.nodes))])
    row_of = {int(node): row for row, node in enumerate(whole.rows)}
    rows = torch.tensor([row_of[int(at[node])] for node in capped.rows])
    kept = [i for i in range(len(capped.columns)) if capped.nodes.kind[i] != "unexpanded"]
    assert torch.allclose(whole.edges[rows][:, at[kept]], capped.edges[:, kept], atol=1e-12)
    assert torch.allclose(whole.mass[rows], capped.mass)
    assert torch.allclose(whole.edges[rows].sum(1), capped.edges.sum(1))
