"""Causal ground truth: edges equal real interventions, rows sum, for every family."""

import pytest
import torch

from microtome.circuit.graph import Graph
from microtome.circuit.trace import trace
from microtome.dictionary import Dictionary
from microtome.intervention import HeldRun, direct_effect, hold
from microtome.model import LanguageModel, Run, Site
from tests.circuit.dictionaries import KINDS, tiny_dictionary
from tests.model.families import FAMILIES, tiny_model, tokens

SAMPLED_FEATURES = 100


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_rows_sum_to_what_the_model_computed(family: str, kind: str):
    for dtype, bound in ((torch.float64, 1e-9), (torch.float32, 1e-3)):
        model = tiny_model(family, dtype)
        graph = trace(model, tokens(), tiny_dictionary(model, kind))
        assert graph.residual.max() <= bound
        # the same relative to the value itself, wherever that is not an accident near zero
        sums = graph.edges.sum(1)
        large = graph.value.abs() > 0.05 * graph.mass
        assert large.sum() > 20
        assert ((sums - graph.value).abs() / graph.value.abs())[large].max() <= bound


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_edges_equal_direct_effects(family: str, kind: str):
    """Removing a source moves every target by minus its edge, measured on the real modules."""
    model = tiny_model(family)
    dictionary = tiny_dictionary(model, kind)
    prompt = tokens()
    graph = trace(model, prompt, dictionary)
    sources = _sources(graph)
    held = hold(model, prompt, dictionary)
    changes = _removals(held, graph, dictionary, sources)
    reads = [Site.parse(name) for name in dictionary.reads]
    moved = direct_effect(held, changes, [*reads, Site("final")])
    measured = _target_changes(model, graph, dictionary, moved)
    expected = -graph.edges[:, sources].T
    scale = graph.edges.abs().max()
    assert (measured - expected).abs().max() <= 1e-9 * scale


def _sources(graph: Graph) -> torch.Tensor:
    """Columns of every token and error, and of up to 100 features."""
    nodes = graph.nodes
    features = nodes.where("feature")
    order = torch.randperm(len(features), generator=torch.Generator().manual_seed(3))
    picked = features[order[:SAMPLED_FEATURES]]
    return torch.cat([nodes.where("token"), nodes.where("error"), picked])


def _removals(
    held: HeldRun, graph: Graph, dictionary: Dictionary, sources: torch.Tensor
) -> dict[Site, torch.Tensor]:
    """A batch of changes, each taking one source's own contribution out of the stream."""
    model, n, length = held.model, len(sources), len(graph.prompt.tokens)
    sites = [Site("embed"), *(Site("mlp.out", i) for i in range(model.n_layers))]
    changes = {site: torch.zeros(n, length, model.d_model, dtype=torch.float64) for site in sites}
    errors = _errors(held.run, dictionary)
    embedding = model.hf.get_input_embeddings()
    for row, node in enumerate(sources.tolist()):
        kind, position = graph.nodes.kind[node], int(graph.nodes.position[node])
        layer, feature = int(graph.nodes.layer[node]), int(graph.nodes.feature[node])
        if kind == "token":
            vector = embedding(torch.tensor([feature]))[0].detach()
            changes[Site("embed")][row, position] -= vector
        elif kind == "error":
            changes[Site("mlp.out", layer)][row, position] -= errors[layer][position]
        else:
            decoder = dictionary.decoders[layer]
            for target in decoder.targets:
                vector = decoder.weight[feature, decoder.targets.index(target)]
                activation = graph.nodes.activation[node]
                changes[Site("mlp.out", target)][row, position] -= activation * vector
    return changes


def _errors(run: Run, dictionary: Dictionary) -> list[torch.Tensor]:
    """Errors computed from scratch with dense codes; none at the skipped position."""
    inputs = [run[site][0] for site in dictionary.reads]
    codes = [code.dense() for code in dictionary.encode(inputs)]
    errors = []
    for target, site in enumerate(dictionary.writes):
        guess = dictionary.biases[target] + torch.zeros_like(inputs[0])
        skip = dictionary.skips[target]
        if skip is not None:
            guess = guess + inputs[target] @ skip
        for source, decoder in enumerate(dictionary.decoders):
            if target in decoder.targets:
                guess = guess + codes[source] @ decoder.weight[:, decoder.targets.index(target)]
        error = run[site][0] - guess
        error[0] = 0
        errors.append(error)
    return errors


def _target_changes(
    model: LanguageModel,
    graph: Graph,
    dictionary: Dictionary,
    moved: dict[Site, torch.Tensor],
) -> torch.Tensor:
    """Change of every target of the graph for every change made: [changes, targets]."""
    unembed = model.hf.get_output_embeddings().weight.detach()
    columns = []
    for node in graph.rows.tolist():
        layer, feature = int(graph.nodes.layer[node]), int(graph.nodes.feature[node])
        position = int(graph.nodes.position[node])
        if graph.nodes.kind[node] == "logit":
            direction = unembed[feature] - unembed.mean(0)
            columns.append(moved[Site("final")][:, position] @ direction)
        else:
            direction = dictionary.encoders[layer].weight[feature]
            site = Site.parse(dictionary.reads[layer])
            columns.append(moved[site][:, position] @ direction)
    return torch.stack(columns, 1)


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
    at = torch.tensor([names.index(capped.nodes.name(i)) for i in range(len(capped.nodes))])
    row_of = {int(node): row for row, node in enumerate(whole.rows)}
    rows = torch.tensor([row_of[int(at[node])] for node in capped.rows])
    kept = [i for i in range(len(capped.columns)) if capped.nodes.kind[i] != "unexpanded"]
    assert torch.allclose(whole.edges[rows][:, at[kept]], capped.edges[:, kept], atol=1e-12)
    assert torch.allclose(whole.mass[rows], capped.mass)
    assert torch.allclose(whole.edges[rows].sum(1), capped.edges.sum(1))
