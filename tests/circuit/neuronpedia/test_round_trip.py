"""What is read and written again: nothing is lost."""

import copy
import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from safetensors.torch import load_file

from microtome.circuit.artifact import load_graph, save_graph
from microtome.circuit.neuronpedia import (
    from_neuronpedia,
    read_neuronpedia,
    to_neuronpedia,
    write_neuronpedia,
)
from microtome.circuit.prune import prune, whole
from tests.circuit.graphs import same_graph
from tests.circuit.neuronpedia.documents import again, documents, link, small

FIXTURES = [(kind, i) for kind in ("plt", "skip", "clt") for i in range(3)]


def fixture(shared: Path, kind: str, i: int) -> Path:
    return shared / "fixtures" / f"circuit-tracer-{kind}" / "graphs" / f"prompt-{i}.json"


@pytest.mark.parametrize(("kind", "i"), FIXTURES)
def test_circuit_tracer_files_come_back_exactly(shared: Path, kind: str, i: int, tmp_path: Path):
    path = fixture(shared, kind, i)
    document = json.loads(path.read_text())
    graph = read_neuronpedia(path)
    assert json.dumps(to_neuronpedia(whole(graph), f"prompt-{i}")) == json.dumps(document)
    save_graph(graph, tmp_path / "graph")
    assert json.dumps(again(load_graph(tmp_path / "graph"), f"prompt-{i}")) == json.dumps(document)
    write_neuronpedia(whole(graph), tmp_path / f"prompt-{i}.json")
    assert json.loads((tmp_path / f"prompt-{i}.json").read_text()) == document


@pytest.mark.parametrize(("kind", "i"), FIXTURES)
def test_circuit_tracer_weights_are_the_adjacency(shared: Path, kind: str, i: int):
    graph = load_graph(fixture(shared, kind, i))
    folder = shared / "fixtures" / f"circuit-tracer-{kind}"
    reference = load_file(folder / f"reference_{i}.safetensors")
    order = reference_order(reference, graph.n_layers)
    nodes = graph.nodes
    numbers = torch.stack([nodes.layer, nodes.position, nodes.feature], 1).tolist()
    keys = [(kind, *three) for kind, three in zip(nodes.kind, numbers, strict=True)]
    place = torch.tensor([order[key] for key in keys])
    expected = reference["adjacency"][place[graph.rows]][:, place[graph.columns]]
    there = graph.edges != 0
    assert torch.equal(graph.edges[there].float(), expected[there])
    assert torch.equal(graph.edges[there], expected[there].double())
    features = nodes.where("feature")
    activations = reference["activation_values"][reference["selected_features"]]
    assert torch.equal(nodes.activation[features], activations[place[features]].double())
    logits = nodes.where("logit")
    assert torch.equal(nodes.probability[logits].float(), reference["logit_probabilities"])
    assert list(graph.prompt.tokens) == reference["input_tokens"].tolist()
    assert graph.n_layers == 5


def reference_order(reference: dict, n_layers: int) -> dict[tuple, int]:
    """Features, errors by layer, tokens, logits: (kind, layer, position, feature) -> place."""
    ids = reference["input_tokens"].tolist()
    n = len(ids)
    features = reference["active_features"][reference["selected_features"]].tolist()
    keys = [("feature", layer, position, feature) for layer, position, feature in features]
    keys += [("error", layer, position, -1) for layer in range(n_layers) for position in range(n)]
    keys += [("token", -1, position, token) for position, token in enumerate(ids)]
    keys += [("logit", n_layers, n - 1, token) for token in reference["logit_tokens"].tolist()]
    return {key: i for i, key in enumerate(keys)}


def test_other_fields_stay():
    document = small()
    document["extra"] = {"any": [1, None]}
    document["metadata"]["info"] = {"generator": {"name": "other"}, "create_time_ms": 10**15}
    document["metadata"]["feature_details"] = {"neuronpedia_source_set": "set"}
    document["qParams"] |= {"clickedId": None, "densityThreshold": 0.5}
    document["nodes"][0] |= {"vis_link": "there", "token_prob": None, "run_idx": False}
    document["nodes"][2] |= {"activation": 0.5, "jsNodeId": None, "feature": None}
    document["nodes"][5] |= {"influence": 0.5, "clerp": "other words"}
    document["links"][2]["pathWeight"] = 3
    written = again(from_neuronpedia(document, "x"))
    assert written == document
    assert json.dumps(written) == json.dumps(again(from_neuronpedia(written, "x")))
    assert written["nodes"][0]["run_idx"] is False


def test_missing_fields_are_filled_in():
    document = small()
    for name in ("run_idx", "reverse_ctx_idx", "influence", "activation", "token_prob", "clerp"):
        del document["nodes"][3][name]
    del document["qParams"]
    del document["nodes"][2]["feature"]
    del document["metadata"]["scan"]
    written = again(from_neuronpedia(document, "x"))
    empty = {"pinnedIds": [], "supernodes": [], "linkType": "both", "clickedId": "", "sg_pos": ""}
    expected = small() | {"qParams": empty}
    expected["nodes"][3]["influence"] = None
    del expected["metadata"]["scan"]
    assert written == expected


def test_links_that_a_matrix_does_not_hold_stay():
    document = small()
    document["links"] = [
        link("E_6_1", "0_3_1", 1.5),
        link("E_6_1", "0_3_1", -1.5),
        link("E_5_0", "0_3_1", 0.0),
        link("0_3_1", "3_7_1", 2.0),
        link("0_3_1", "3_7_1", 1.0),
    ]
    graph = from_neuronpedia(document, "x")
    assert graph.edges[graph.rows == 5, graph.columns == 0].tolist() == [3.0]
    written = again(graph)["links"]
    assert sorted(map(str, written)) == sorted(map(str, document["links"]))
    assert again(from_neuronpedia(again(graph), "x"))["links"] == written
    # a feature whose inputs cancel has none, and its links go with it
    assert to_neuronpedia(prune(graph, 1.0, 1.0), "x")["links"] == []


def test_order_of_links_is_by_target_then_source():
    document = small()
    document["links"].reverse()
    assert again(from_neuronpedia(document, "x")) == small()


def test_order_of_nodes_is_kept():
    document = small()
    document["nodes"].reverse()
    assert again(from_neuronpedia(document, "x"))["nodes"] == document["nodes"]


def test_labels_given_after_reading_are_written():
    graph = from_neuronpedia(small(), "x").with_labels({1: "minus"})
    assert again(graph)["nodes"][1]["clerp"] == "minus"
    grouped = graph.with_info(supernodes=[["two", "0_3_1"]])
    assert again(grouped)["qParams"]["supernodes"] == [["two", "0_3_1"]]


def test_a_graph_without_links_or_nodes(tmp_path: Path):
    document = small() | {"links": []}
    assert again(from_neuronpedia(document, "x")) == document
    document = document | {"nodes": []}
    graph = from_neuronpedia(document, "x")
    assert again(graph) == document
    save_graph(graph, tmp_path / "empty")
    assert again(load_graph(tmp_path / "empty")) == document


@settings(max_examples=50)
@given(document=documents())
def test_any_document_comes_back(document: dict):
    before = copy.deepcopy(document)
    graph = from_neuronpedia(document, "x")
    written = again(graph)
    place = {entry["node_id"]: i for i, entry in enumerate(document["nodes"])}
    links = sorted(document["links"], key=lambda x: (place[x["target"]], place[x["source"]]))
    assert written == document | {"links": links}
    assert document == before
    assert again(from_neuronpedia(written, "x")) == written


def test_hand_made_graphs_survive_both_formats(tmp_path: Path):
    graph = from_neuronpedia(small(), "x")
    save_graph(graph, tmp_path / "graph")
    loaded = load_graph(tmp_path / "graph")
    assert same_graph(loaded, graph)
    assert loaded.info == graph.info
