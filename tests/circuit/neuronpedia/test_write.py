"""From a graph to JSON, and the index beside it."""

import json
from pathlib import Path

import pytest
import torch

from microtome.circuit.artifact import load_graph
from microtome.circuit.graph import Graph
from microtome.circuit.neuronpedia import (
    from_neuronpedia,
    to_neuronpedia,
    write_neuronpedia,
)
from microtome.circuit.prune import prune, whole
from microtome.circuit.targets import DirectionTarget, FeatureTarget, LogitDifference, TokenTarget
from microtome.circuit.trace import trace
from tests.circuit.dictionaries import tiny_dictionary
from tests.circuit.graphs import hand_graph, refusal
from tests.circuit.neuronpedia.documents import ERROR, FEATURE, again, small
from tests.model.families import tiny_model, tokens


@pytest.fixture(scope="module")
def traced() -> Graph:
    model = tiny_model("llama", torch.float32)
    graph = trace(model, tokens(), tiny_dictionary(model, "clt"), max_features=30)
    assert "unexpanded" in graph.nodes.kind
    first = int(graph.nodes.where("feature")[0])
    return graph.with_labels({first: "a label"})


@pytest.mark.parametrize("threshold", [0.8, 1.0])
def test_our_graphs_come_back(traced: Graph, threshold: float):
    pruned = prune(traced, threshold, threshold)
    graph = from_neuronpedia(json.loads(json.dumps(to_neuronpedia(pruned, "slug"))), "x")
    keep = [k not in ("bias", "unexpanded") for k in traced.nodes.kind]
    index = (pruned.nodes & torch.tensor(keep)).nonzero()[:, 0]
    kept = traced.nodes.select(index)
    assert graph.nodes.kind == kept.kind
    assert graph.nodes.label == kept.label
    for name in ("layer", "position", "feature"):
        assert torch.equal(getattr(graph.nodes, name), getattr(kept, name))
    for name in ("activation", "probability"):
        ours, theirs = getattr(graph.nodes, name), getattr(kept, name).double()
        assert torch.equal(ours.nan_to_num(-1), theirs.nan_to_num(-1))
    assert graph.prompt == traced.prompt
    assert graph.n_layers == traced.n_layers
    edges = torch.zeros(len(traced.nodes), len(traced.nodes))
    edges[traced.rows[:, None], traced.columns] = traced.edges * pruned.edges
    expected = edges[index[graph.rows]][:, index[graph.columns]]
    assert torch.equal(graph.edges.float(), expected)
    assert (graph.edges != 0).sum() == (edges[index][:, index] != 0).sum()
    share = torch.zeros(len(traced.nodes), dtype=torch.float64)
    share[traced.rows] = traced.start_weights.double()
    assert torch.allclose(graph.start_weights, share[index[graph.rows]])
    sources = torch.tensor([kind != "logit" for kind in graph.nodes.kind])
    recorded = whole(graph).cumulative[sources]
    assert torch.equal(recorded.float(), pruned.cumulative[index][sources])


def test_what_is_written_of_our_graphs(traced: Graph):
    pruned = prune(traced, 1.0, 1.0)
    document = to_neuronpedia(pruned, "slug", "scan")
    nodes = {n["node_id"]: n for n in document["nodes"]}
    feature = next(n for n in document["nodes"] if n["feature_type"] == FEATURE)
    layer, number, position = map(int, feature["node_id"].split("_"))
    assert feature["layer"] == str(layer)
    assert feature["ctx_idx"] == position
    assert feature["feature"] == (layer + number) * (layer + number + 1) // 2 + number
    assert feature["clerp"] == "a label"
    assert feature["jsNodeId"] == f"{layer}_{number}-0"
    errors = [n for n in document["nodes"] if n["feature_type"] == ERROR]
    assert all(n["node_id"] == f"{n['layer']}_-1_{n['ctx_idx']}" for n in errors)
    assert {n["feature"] for n in errors} == {-1}
    token = int(tokens()[0, 2])
    assert nodes[f"E_{token}_2"]["layer"] == "E"
    assert nodes[f"E_{token}_2"]["feature"] == 2
    logits = [n for n in document["nodes"] if n["feature_type"] == "logit"]
    best = max(logits, key=lambda n: n["token_prob"])
    assert [n["is_target_logit"] for n in logits] == [n is best for n in logits]
    assert best["layer"] == str(traced.n_layers + 1)
    assert best["node_id"] == f"{traced.n_layers + 1}_{best['feature']}_8"
    assert best["clerp"].endswith(f" (p={best['token_prob']:.3f})")
    assert best["influence"] is None
    metadata = document["metadata"]
    assert metadata["info"]["generator"]["name"] == "microtome"
    assert metadata["info"]["generator"]["version"]
    assert metadata["generation_settings"]["model_fingerprint"]
    assert (metadata["slug"], metadata["scan"], metadata["schema_version"]) == ("slug", "scan", 1)
    gone = [i for i, kind in enumerate(traced.nodes.kind) if kind in ("bias", "unexpanded")]
    left_out = pruned.edges[:, torch.isin(traced.columns, torch.tensor(gone))].sum()
    assert metadata["pruning_settings"]["edges_left_out"] == int(left_out) > 0
    assert len(document["links"]) + int(left_out) == int(pruned.edges.sum())
    assert to_neuronpedia(pruned, "slug")["metadata"]["scan"] == "llama"


def test_targets_of_every_kind(tmp_path: Path):
    model = tiny_model("gpt2")
    vector = torch.randn(model.d_model, dtype=torch.float64)
    targets = [
        LogitDifference(4, 5),
        DirectionTarget("blocks.1.resid.post", vector, label="a probe"),
        FeatureTarget(1, 3),
        TokenTarget(9),
    ]
    graph = trace(model, tokens(), tiny_dictionary(model), targets)
    pruned = prune(graph, 1.0, 1.0)
    document = to_neuronpedia(pruned, "targets")
    ids = [n["node_id"] for n in document["nodes"]]
    assert len(set(ids)) == len(ids)
    asked = {n["node_id"]: n for n in document["nodes"] if n["is_target_logit"]}
    assert list(asked) == ["4_-1_8", "4_-2_8", "1_3_8", "4_9_8"]
    assert asked["4_-2_8"]["clerp"] == "a probe"
    assert asked["4_-2_8"]["feature_type"] == "logit"
    assert asked["1_3_8"]["feature_type"] == FEATURE
    back = from_neuronpedia(document, "x")
    asked_back = back.rows[back.weights > 0]
    kinds = [back.nodes.kind[i] for i in asked_back]
    assert kinds == ["direction", "direction", "feature", "logit"]
    assert torch.allclose(back.weights[back.weights > 0], graph.weights[:4])
    write_neuronpedia(whole(back), tmp_path / "targets.json")
    assert again(load_graph(tmp_path / "targets.json"), "targets") == document


def test_a_target_asked_for_twice_is_refused():
    graph = hand_graph("tll", {(1, 0): 1.0, (2, 0): 1.0}, {1: 0.5, 2: 0.5})
    graph.nodes.feature[2] = graph.nodes.feature[1]
    graph.nodes.position[2] = graph.nodes.position[1]
    assert "have the id 4_1_1" in refusal(to_neuronpedia, whole(graph), "x")


def test_influence_of_a_file_is_the_recorded_one_until_it_is_pruned():
    graph = from_neuronpedia(small(), "x")
    assert whole(graph).cumulative[:5].tolist() == [0.5, 0.25, 0.75, 0.9, 1.0]
    assert whole(graph).cumulative[5:].isnan().all()
    pruned = prune(graph, 0.5, 1.0)
    written = to_neuronpedia(pruned, "less")
    kept = [n["influence"] for n in written["nodes"] if n["feature_type"] != "logit"]
    rows = pruned.nodes.nonzero()[:, 0][: len(kept)]
    assert kept == pruned.cumulative[rows].tolist()
    assert written["metadata"]["node_threshold"] == 0.5
    assert written["metadata"]["pruning_settings"]["edge_threshold"] == 1.0
    assert written["metadata"]["slug"] == "less"
    assert written["metadata"]["scan"] == "model"


def test_supernodes_by_id_and_by_name(traced: Graph):
    pruned = prune(traced, 0.5, 0.9)
    kept, gone = pruned.nodes.nonzero()[:, 0].tolist(), (~pruned.nodes).nonzero()[:, 0].tolist()
    named = traced.nodes.name(kept[0])
    left = traced.nodes.name(gone[0])
    document = to_neuronpedia(pruned, "x")
    node_id = document["nodes"][0]["node_id"]
    groups = [["one", named], ["two", node_id, left], ["gone", left], ["empty"], ["other", "what"]]
    graph = traced.with_info(supernodes=groups, pinned=[named, left])
    written = to_neuronpedia(prune(graph, 0.5, 0.9), "x")["qParams"]
    expected = [["one", node_id], ["two", node_id], ["empty"], ["other", "what"]]
    assert written["supernodes"] == expected
    assert written["pinnedIds"] == [node_id]
    wrong = traced.with_info(supernodes=[[]])
    assert "graph.info: supernodes[0]" in refusal(to_neuronpedia, whole(wrong), "x")


def test_write_keeps_an_index(tmp_path: Path):
    graph = from_neuronpedia(small(), "x")
    folder = tmp_path / "new" / "graphs"
    write_neuronpedia(whole(graph), folder / "a.json")
    write_neuronpedia(whole(graph), folder / "b.json", scan="other")
    index = folder / "graph-metadata.json"
    held = json.loads(index.read_text())
    assert [(m["slug"], m["scan"]) for m in held["graphs"]] == [("a", "model"), ("b", "other")]
    index.write_text(json.dumps(held | {"mine": 1}))
    assert "exists; pass --force" in refusal(write_neuronpedia, whole(graph), folder / "a.json")
    write_neuronpedia(whole(graph), folder / "a.json", scan="third", force=True)
    held = json.loads(index.read_text())
    assert [(m["slug"], m["scan"]) for m in held["graphs"]] == [("a", "third"), ("b", "other")]
    assert held["mine"] == 1
    document = json.loads((folder / "a.json").read_text())
    assert held["graphs"][0] == document["metadata"]
    assert sorted(p.name for p in folder.iterdir()) == ["a.json", "b.json", index.name]


@pytest.mark.parametrize("name", ["graph-metadata.json", "graph.txt", "folder.json"])
def test_write_refuses_other_names(tmp_path: Path, name: str):
    (tmp_path / "folder.json").mkdir()
    graph = from_neuronpedia(small(), "x")
    assert "not a name" in refusal(write_neuronpedia, whole(graph), tmp_path / name, force=True)


@pytest.mark.parametrize("text", ["[]", "{", '{"graphs": {}}', '{"graphs": [1]}', "{}"])
def test_a_broken_index_is_not_overwritten(tmp_path: Path, text: str):
    index = tmp_path / "graph-metadata.json"
    index.write_text(text)
    graph = from_neuronpedia(small(), "x")
    assert str(index) in refusal(write_neuronpedia, whole(graph), tmp_path / "a.json")
    assert index.read_text() == text
    assert list(tmp_path.iterdir()) == [index]


def test_nothing_is_left_of_a_failed_write(tmp_path: Path):
    broken = hand_graph("tl", {(1, 0): 1.0}, {1: 1.0}).with_info(other=float("nan"))
    assert "cannot write" in refusal(write_neuronpedia, whole(broken), tmp_path / "a.json")
    unwritable = broken.with_info(other=object())
    assert "cannot write" in refusal(write_neuronpedia, whole(unwritable), tmp_path / "a.json")
    (tmp_path / "file").write_text("")
    graph = from_neuronpedia(small(), "x")
    assert "cannot write" in refusal(write_neuronpedia, whole(graph), tmp_path / "file" / "a.json")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_our_graph_with_other_fields_of_a_file_is_checked():
    graph = from_neuronpedia(small(), "x")
    held = graph.info["neuronpedia"]
    for wrong in (1, held | {"nodes": {"99": {}}}, held | {"links": 1}, held | {"what": 1}):
        message = refusal(to_neuronpedia, whole(graph.with_info(neuronpedia=wrong)), "x")
        assert message.startswith("graph.info['neuronpedia']: ")
