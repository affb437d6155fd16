"""What a graph predicts is what a linear model does."""

import pytest
import torch

from microtome.circuit import trace
from microtome.circuit.verify import Change, bench, predict
from microtome.intervention import Mode
from tests.circuit.dictionaries import KINDS, tiny_dictionary
from tests.circuit.graphs import hand_graph
from tests.model.families import FAMILIES, LAYERS, tiny_model, tokens


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_with_everything_held_one_edge_is_the_effect(family: str, kind: str):
    """Constrained everywhere, nothing passes through features: effects are the edges alone."""
    model = tiny_model(family)
    dictionary = tiny_dictionary(model, kind)
    graph = trace(model, tokens(), dictionary)
    tested = bench(graph, model, dictionary)
    nodes = graph.nodes
    some = [*nodes.where("feature")[::9].tolist(), *nodes.where("token").tolist()]
    some += nodes.where("error")[::5].tolist()
    changes = [Change((node,), share) for node in some for share in (-1.0, 0.5)]
    measured = tested.measure(changes, Mode.direct(LAYERS))
    expected = tested.shares(changes) @ graph.edges.T
    assert (measured - expected).abs().max() <= 1e-9 * graph.edges.abs().max()


def test_what_passes_through_features_is_added_path_by_path():
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model, "clt")
    graph = trace(model, tokens(), dictionary)
    source = int(graph.nodes.where("token")[2])
    shares = torch.zeros(1, len(graph.columns), dtype=torch.float64)
    column = graph.columns.tolist().index(source)
    shares[0, column] = 1e-4
    n = len(graph.nodes)
    full = torch.zeros(n, n, dtype=torch.float64)
    full[graph.rows[:, None], graph.columns] = graph.edges
    activation = graph.nodes.activation.nan_to_num(1.0)
    change = full[:, source] * 1e-4
    total = torch.zeros(n, dtype=torch.float64)
    for _ in range(LAYERS + 2):
        total += change
        passed = torch.where(graph.nodes.kind_index == 1, change / activation, 0.0)
        change = full @ passed
    assert torch.allclose(predict(graph, shares)[0], total[graph.rows], atol=1e-12)


def test_a_clamped_feature_passes_nothing_on():
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model, "plt")
    graph = trace(model, tokens(), dictionary)
    features = graph.nodes.where("feature")
    shares = torch.zeros(1, len(graph.columns), dtype=torch.float64)
    place = {node: i for i, node in enumerate(graph.columns.tolist())}
    shares[0, [place[int(i)] for i in features]] = -1.0
    assert torch.allclose(predict(graph, shares), shares @ graph.edges.T)


def test_a_feature_that_is_off_cannot_go_lower():
    graph = hand_graph("tffl", {(1, 0): 0.5, (2, 1): 1.0, (3, 2): 4.0, (3, 0): 1.0}, {3: 1.0})
    activation = graph.nodes.activation[[1, 2]]
    shares = torch.zeros(2, len(graph.columns), dtype=torch.float64)
    shares[:, 0] = torch.tensor([-0.5 * activation[0], -100.0])
    f1, f2, logit = (graph.rows.tolist().index(node) for node in (1, 2, 3))
    little, off = predict(graph, shares)
    part = 0.5 * float(shares[0, 0])  # of f1
    assert float(little[f1]) == pytest.approx(part)
    assert float(little[f2]) == pytest.approx(part / float(activation[0]))
    assert float(off[f1]) == pytest.approx(-50.0)
    assert float(off[f2]) == pytest.approx(-1.0)  # all that f1 gives it, and no more
    share = max(-1.0 / float(activation[1]), -1.0)
    assert float(off[logit]) == pytest.approx(4.0 * share - 100.0)
