"""Comparing with graphs that circuit-tracer 0.4.1 computed for stories260K."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from safetensors.torch import load_file

from microtome.circuit import trace
from microtome.circuit.graph import Graph
from microtome.dictionary import load_dictionary
from microtome.model import LanguageModel

FIXTURES = ("circuit-tracer-plt", "circuit-tracer-skip", "circuit-tracer-clt")


@dataclass(frozen=True)
class Comparison:
    """Our graph of one prompt against theirs."""

    name: str
    edges: int
    """Edges compared: token, feature and error sources; feature and logit targets."""
    worst: float
    """Largest |difference| over the largest edge of its row."""
    worst_relative: float
    """Largest |difference| over the edge itself, of edges above 1e-3 of their row's largest."""
    worst_activation: float
    worst_probability: float
    same_features: bool


@lru_cache
def reference_model(shared: Path) -> LanguageModel:
    return LanguageModel.load(shared / "models" / "stories260K", device="cpu")


def compare(shared: Path, fixture: str, number: int) -> Comparison:
    folder = shared / "fixtures" / fixture
    prompt = json.loads((folder / "reference.json").read_text())["prompts"][number]
    theirs = load_file(folder / f"reference_{number}.safetensors")
    graph = trace(reference_model(shared), prompt, load_dictionary(folder))
    assert list(graph.prompt.tokens) == theirs["input_tokens"].tolist()
    names = {graph.nodes.name(i): i for i in range(len(graph.nodes))}
    active = theirs["active_features"][theirs["selected_features"]].tolist()
    features = [f"L{layer}/{feature}@{position}" for layer, position, feature in active]
    same = {name for name in names if name.startswith("L")} == set(features)
    picked = [names[name] for name in features]
    logits = [
        names[f"logit {t}@{len(graph.prompt.tokens) - 1}"] for t in theirs["logit_tokens"].tolist()
    ]
    ours, reference = _aligned(graph, names, picked, logits, theirs["adjacency"])
    difference, size = (ours - reference).abs(), reference.abs()
    scale = size.max(1, keepdim=True).values
    counted = size > 1e-3 * scale
    activation, probability = graph.nodes.activation[picked], graph.nodes.probability[logits]
    return Comparison(
        name=f"{fixture} {number}",
        edges=reference.numel(),
        worst=float((difference / scale).max()),
        worst_relative=float((difference / size)[counted].max()),
        worst_activation=float((activation - theirs["activation_values"]).abs().max()),
        worst_probability=float((probability - theirs["logit_probabilities"]).abs().max()),
        same_features=same,
    )


def _aligned(
    graph: Graph,
    names: dict[str, int],
    features: list[int],
    logits: list[int],
    adjacency: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Our edges and theirs, in their order: rows features, logits; columns features, errors by
    layer, tokens. Bias has no place there."""
    tokens = graph.prompt.tokens
    where = range(len(tokens))
    errors = [names[f"error L{layer}@{p}"] for layer in range(graph.n_layers) for p in where]
    embedded = [names[f"token {token}@{p}"] for p, token in enumerate(tokens)]
    row_of = {int(node): row for row, node in enumerate(graph.rows)}
    column_of = {int(node): column for column, node in enumerate(graph.columns)}
    rows = [row_of[node] for node in (*features, *logits)]
    columns = [column_of[node] for node in (*features, *errors, *embedded)]
    n = len(adjacency)
    theirs = [*range(len(features)), *range(n - len(logits), n)]
    return graph.edges[rows][:, columns], adjacency[theirs][:, : len(columns)]
