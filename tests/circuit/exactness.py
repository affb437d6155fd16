"""Measuring that a graph is exact: conservation, and edges against real interventions."""

from dataclasses import dataclass

import torch

from microtome.circuit import trace
from microtome.circuit.graph import Graph
from microtome.dictionary import Dictionary
from microtome.intervention import Baseline, direct_effect, hold
from microtome.model import LanguageModel, Run, Site
from tests.circuit.dictionaries import tiny_dictionary
from tests.model.families import tiny_model, tokens

SAMPLED_FEATURES = 100


@dataclass(frozen=True)
class Exactness:
    """How far one family's graph is from what the model does."""

    residual: float
    """Worst |sum of row - value| over the row's absolute mass."""
    residual_of_value: float
    """The same over |value|, of rows whose value is not an accident near zero."""
    rows_of_value: int
    effect: float
    """Worst |edge - direct effect| over the largest edge."""
    effects: int
    """Edges that were tested by an intervention."""


def conservation(family: str, kind: str, dtype: torch.dtype) -> tuple[float, float, int]:
    """Worst residual over mass, worst over value, and how many rows the latter has."""
    model = tiny_model(family, dtype)
    graph = trace(model, tokens(), tiny_dictionary(model, kind))
    large = graph.value.abs() > 0.05 * graph.mass
    of_value = ((graph.edges.sum(1) - graph.value).abs() / graph.value.abs())[large]
    return float(graph.residual.max()), float(of_value.max()), int(large.sum())


def measure(family: str, kind: str) -> Exactness:
    """Conservation and direct effects of a random tiny model of a family, in float64.

    Every token, every error and up to 100 features are taken out of the real model's stream with
    attention, norms and MLPs held; every target moves by minus its edge.
    """
    model = tiny_model(family)
    dictionary = tiny_dictionary(model, kind)
    graph = trace(model, tokens(), dictionary)
    sources = _sources(graph)
    held = hold(model, tokens(), dictionary)
    changes = _removals(held, graph, dictionary, sources)
    reads = [Site.parse(name) for name in dictionary.reads]
    moved = direct_effect(held, changes, [*reads, Site("final")])
    measured = _target_changes(model, graph, dictionary, moved)
    worst = (measured + graph.edges[:, sources].T).abs().max() / graph.edges.abs().max()
    return Exactness(*conservation(family, kind, torch.float64), float(worst), measured.numel())


def _sources(graph: Graph) -> torch.Tensor:
    """Columns of every token and error, and of up to 100 features."""
    nodes = graph.nodes
    features = nodes.where("feature")
    order = torch.randperm(len(features), generator=torch.Generator().manual_seed(3))
    picked = features[order[:SAMPLED_FEATURES]]
    return torch.cat([nodes.where("token"), nodes.where("error"), picked])


def _removals(
    held: Baseline, graph: Graph, dictionary: Dictionary, sources: torch.Tensor
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
