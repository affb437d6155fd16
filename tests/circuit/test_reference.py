"""An independent reference: graphs that circuit-tracer 0.4.1 computed for stories260K."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from microtome.circuit import load_graph, trace
from microtome.circuit.graph import Graph
from microtome.dictionary import Dictionary, load_dictionary
from microtome.model import LanguageModel

FIXTURES = ("circuit-tracer-plt", "circuit-tracer-skip", "circuit-tracer-clt")


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    folder = Path(__file__).resolve().parents[3] / "shared" / "models" / "stories260K"
    if not folder.is_dir():
        pytest.skip(f"no reference model at {folder}")
    return LanguageModel.load(folder, device="cpu")


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("fixture", FIXTURES)
def test_every_edge_agrees(shared: Path, model: LanguageModel, fixture: str, number: int):
    """Token, feature and error sources; feature and logit targets; to 1e-3 relative."""
    folder = shared / "fixtures" / fixture
    prompt = json.loads((folder / "reference.json").read_text())["prompts"][number]
    theirs = load_file(folder / f"reference_{number}.safetensors")
    dictionary = load_dictionary(folder)
    assert model.tokenize(prompt)[0].tolist() == theirs["input_tokens"].tolist()
    graph = trace(model, prompt, dictionary)
    assert graph.residual.max() <= 1e-3
    ours, reference, activations = _aligned(graph, theirs, dictionary)
    assert torch.allclose(activations, theirs["activation_values"], rtol=1e-3)
    scale = reference.abs().max(1, keepdim=True).values
    assert ((ours - reference).abs() <= 1e-3 * reference.abs() + 1e-4 * scale).all()
    assert (ours - reference).norm() <= 1e-4 * reference.norm()


def _aligned(graph: Graph, theirs: dict[str, torch.Tensor], dictionary: Dictionary):
    """Our edges in their order of rows and columns; bias has no place there."""
    names = {graph.nodes.name(i): i for i in range(len(graph.nodes))}
    active = theirs["active_features"][theirs["selected_features"]].tolist()
    features = [names.get(f"L{layer}/{feature}@{p}") for layer, p, feature in active]
    assert None not in features
    assert len(features) == len(graph.nodes.where("feature")), "the same set of active features"
    tokens = graph.prompt.tokens
    errors = [
        names[f"error L{layer}@{p}"] for layer in range(graph.n_layers) for p in range(len(tokens))
    ]
    embedded = [names[f"token {token}@{p}"] for p, token in enumerate(tokens)]
    logits = [names[f"logit {t}@{len(tokens) - 1}"] for t in theirs["logit_tokens"].tolist()]
    row_of = {int(node): row for row, node in enumerate(graph.rows)}
    column_of = {int(node): column for column, node in enumerate(graph.columns)}
    rows = [row_of[node] for node in (*features, *logits) if node is not None]
    columns = [column_of[node] for node in (*features, *errors, *embedded) if node is not None]
    adjacency = theirs["adjacency"]
    theirs_rows = [*range(len(features)), *range(len(adjacency) - len(logits), len(adjacency))]
    reference = adjacency[theirs_rows][:, : len(columns)]
    probability = graph.nodes.probability[logits]
    assert torch.allclose(probability.float(), theirs["logit_probabilities"], atol=1e-4)
    activation = graph.nodes.activation[features]
    return graph.edges[rows][:, columns], reference, activation.float()


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("fixture", FIXTURES)
def test_their_json_graphs_open(shared: Path, fixture: str, number: int):
    graph = load_graph(shared / "fixtures" / fixture / "graphs" / f"prompt-{number}.json")
    assert len(graph.nodes.where("feature"))
    assert graph.influence.isfinite().all()
