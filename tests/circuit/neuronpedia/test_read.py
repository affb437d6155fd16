"""From JSON to a graph; hostile files."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microtome.circuit.artifact import load_graph
from microtome.circuit.neuronpedia import from_neuronpedia, read_neuronpedia
from microtome.errors import MicrotomeError
from tests.circuit.graphs import refusal
from tests.circuit.neuronpedia.documents import ERROR, FEATURE, JSON, again, link, node, small


def test_read():
    graph = from_neuronpedia(small(), "file.json")
    nodes = graph.nodes
    assert nodes.kind == ("feature", "feature", "error", "token", "token", "logit", "logit")
    assert nodes.layer.tolist() == [0, 1, 0, -1, -1, 2, 2]
    assert nodes.position.tolist() == [1, 1, 0, 0, 1, 1, 1]
    assert nodes.feature.tolist() == [3, 4, -1, 5, 6, 7, 8]
    assert nodes.activation[:2].tolist() == [2.5, 1.5]
    assert nodes.activation[2:].isnan().all()
    assert nodes.probability[5:].tolist() == [0.5, 0.25]
    assert nodes.label == ("plus", "", "", "a", " b", "x", "y")
    assert graph.prompt.tokens == (5, 6)
    assert (graph.prompt.text, graph.prompt.strings) == ("a b", ("a", " b"))
    assert graph.rows.tolist() == [0, 1, 5, 6]
    assert graph.columns.tolist() == [0, 1, 2, 3, 4]
    assert graph.edges.tolist() == [
        [0, 0, 0, 0, 1.5],
        [-0.5, 0, 0.125, 0, 0],
        [2, 3, 0, 0, 0],
        [0, 0, 0, -1, 0],
    ]
    assert graph.weights.tolist() == [0, 0, 0.5, 0.25]
    assert not graph.unexpanded_mass.any()
    assert graph.value.isnan().all()
    assert graph.residual.isnan().all()
    assert graph.n_layers == 2
    assert graph.info["supernodes"] == [["one", "0_3_1", "1_4_1"]]
    assert graph.info["pinned"] == ["1_4_1"]
    assert graph.info["warnings"] == []
    assert again(graph) == small()


@pytest.mark.parametrize(
    "groups",
    [
        '[["one","0_3_1","1_4_1"],["two"]]',
        "one,0_3_1,1_4_1, two",
        [["one", "0_3_1", "1_4_1"], ["two"]],
    ],
)
@pytest.mark.parametrize("pinned", ["0_3_1,1_4_1", "0_3_1, 1_4_1,", ["0_3_1", "1_4_1"]])
def test_older_files_have_lists_as_strings(groups, pinned):
    document = small()
    document["qParams"] |= {"pinnedIds": pinned, "supernodes": groups}
    written = again(from_neuronpedia(document, "x"))["qParams"]
    assert written["pinnedIds"] == ["0_3_1", "1_4_1"]
    assert written["supernodes"] == [["one", "0_3_1", "1_4_1"], ["two"]]


@pytest.mark.parametrize("empty", ["", None, []])
def test_nothing_pinned(empty):
    document = small()
    document["qParams"] |= {"pinnedIds": empty, "supernodes": empty}
    written = again(from_neuronpedia(document, "x"))["qParams"]
    assert (written["pinnedIds"], written["supernodes"]) == ([], [])


def test_errors_are_known_by_their_type():
    document = small()
    document["nodes"][2]["node_id"] = document["links"][2]["source"] = "0_0_0"
    graph = from_neuronpedia(document, "x")
    assert graph.nodes.kind[2] == "error"
    assert again(graph) == document


@pytest.mark.parametrize("error_first", [False, True])
def test_an_error_id_that_is_a_features_too(error_first: bool):
    """circuit-tracer's id of the error of layer 3 at position 1 is feature 3 of layer 0 there."""
    document = small()
    error = node(ERROR, "0_3_1", "3", 1, -1, influence=0.3)
    document["nodes"].insert(0 if error_first else 2, error)
    graph = from_neuronpedia(document, "x")
    assert graph.nodes.kind.count("error") == 2
    feature, shared = (1, 0) if error_first else (0, 2)
    assert feature in graph.columns.tolist()
    assert shared not in graph.columns.tolist()
    warning = "0_3_1 is the id of a feature and of an error; links are the feature's"
    assert graph.info["warnings"] == [warning]
    assert again(graph) == document


def test_numbers_of_features_follow_from_the_pairing_where_ids_do_not_tell():
    document = small()
    document["nodes"][1] |= {"node_id": "node four", "feature": (1 + 4) * (1 + 5) // 2 + 4}
    for x in document["links"]:
        for end in ("source", "target"):
            x[end] = "node four" if x[end] == "1_4_1" else x[end]
    graph = from_neuronpedia(document, "x")
    assert graph.nodes.feature[1] == 4
    assert again(graph) == document


def test_weights_without_probabilities():
    document = small()
    for n in document["nodes"][5:]:
        n["token_prob"] = 0.0
    assert from_neuronpedia(document, "x").weights.tolist() == [0, 0, 1, 1]
    document = small()
    document["nodes"] = document["nodes"][:5]
    document["links"] = document["links"][:3]
    graph = from_neuronpedia(document, "x")
    assert graph.weights.tolist() == [0, 1]
    assert graph.n_layers == 2
    assert again(graph) == document


def changed(*path, to) -> dict:
    """The small document with one value changed, or removed."""
    document = small()
    at = document
    for part in path[:-1]:
        at = at[part]
    if to is None and path[-1] in at:
        del at[path[-1]]
    else:
        at[path[-1]] = to
    return document


HOSTILE = [
    (changed("metadata", to=None), "metadata: Field required"),
    (changed("nodes", to=None), "nodes: Field required"),
    (changed("links", to={}), "links: Input should be a valid list"),
    (changed("qParams", to=[]), "qParams: "),
    (changed("qParams", "supernodes", to=[[]]), "qParams.supernodes[0]: "),
    (changed("qParams", "supernodes", to=[["a", 1]]), "qParams.supernodes[0][1]: "),
    (changed("qParams", "supernodes", to="[["), "qParams.supernodes: "),
    (changed("qParams", "pinnedIds", to=[1]), "qParams.pinnedIds[0]: "),
    (changed("metadata", "prompt_tokens", to=None), "metadata.prompt_tokens: Field required"),
    (changed("metadata", "prompt_tokens", to=["a", 2]), "metadata.prompt_tokens[1]: "),
    (changed("metadata", "prompt_tokens", to=["a", "\ud800"]), "metadata.prompt_tokens[1]: "),
    (changed("metadata", "prompt_tokens", to=["a"]), "nodes[0].ctx_idx is 1, but the prompt has 1"),
    (changed("nodes", 1, to=7), "nodes[1]: "),
    (changed("nodes", 1, "node_id", to=None), "nodes[1].node_id: Field required"),
    (changed("nodes", 1, "node_id", to=""), "nodes[1].node_id: "),
    (changed("nodes", 1, "node_id", to="0_3_1"), "'0_3_1' is also the id of nodes[0]"),
    (changed("nodes", 1, "layer", to=None), "nodes[1].layer: Field required"),
    (changed("nodes", 1, "layer", to="-1"), "nodes[1].layer is '-1'"),
    (changed("nodes", 1, "layer", to="9" * 5000), "nodes[1].layer is '99999"),
    (changed("nodes", 1, "layer", to="E"), "nodes[1].layer is 'E'"),
    (changed("nodes", 1, "layer", to=1.5), "nodes[1].layer: "),
    (changed("nodes", 1, "ctx_idx", to=-1), "nodes[1].ctx_idx: "),
    (changed("nodes", 1, "ctx_idx", to=2), "nodes[1].ctx_idx is 2, but the prompt has 2 tokens"),
    (changed("nodes", 1, "ctx_idx", to=10**30), "nodes[1].ctx_idx: "),
    (changed("nodes", 1, "ctx_idx", to=True), "nodes[1].ctx_idx: "),
    (changed("nodes", 1, "feature_type", to="what"), "nodes[1].feature_type: "),
    (changed("nodes", 1, "feature", to="4"), "nodes[1].feature: "),
    (changed("nodes", 1, "activation", to=float("nan")), "nodes[1].activation: "),
    (changed("nodes", 1, "activation", to="1"), "nodes[1].activation: "),
    (changed("nodes", 1, "influence", to=float("inf")), "nodes[1].influence: "),
    (changed("nodes", 1, "clerp", to=3), "nodes[1].clerp: "),
    (changed("nodes", 1, "clerp", to="\udfff"), "nodes[1].clerp: "),
    (changed("nodes", 1, "extra", to=float("nan")), "nodes holds what JSON cannot: "),
    (changed("nodes", 1, "extra", to="\ud800"), "nodes holds what JSON cannot: "),
    (changed("metadata", "extra", to=float("inf")), "metadata holds what JSON cannot: "),
    (changed("nodes", 5, "feature", to=2**31), "nodes[5]: no feature"),
    (changed("nodes", 5, "token_prob", to=-0.5), "nodes[5].token_prob: "),
    (changed("links", 2, to=[]), "links[2]: "),
    (changed("links", 2, "source", to=None), "links[2].source: Field required"),
    (changed("links", 2, "source", to="9_9_9"), "links[2].source '9_9_9' is not the id of any"),
    (changed("links", 2, "target", to="\ud800"), "links[2].target '\\ud800' is not"),
    (changed("links", 2, "weight", to=None), "links[2].weight: Field required"),
    (changed("links", 2, "weight", to="1"), "links[2].weight: "),
    (changed("links", 2, "weight", to=True), "links[2].weight: "),
    (changed("links", 2, "weight", to=float("nan")), "links[2].weight: "),
    (changed("links", 2, "weight", to=1e300), "links[2].weight: "),
    (changed("links", 2, "weight", to=10**400), "links[2].weight: "),
    (changed("links", 0, "source", to="0_3_1"), "links form a cycle (0_3_1 -> 0_3_1)"),
    (changed("links", 0, "source", to="1_4_1"), "links form a cycle ("),
]  # fmt: skip


@pytest.mark.parametrize(("document", "expected"), HOSTILE, ids=[text for _, text in HOSTILE])
def test_wrong_documents_are_refused(document: dict, expected: str):
    message = refusal(from_neuronpedia, document, "file.json")
    assert message.startswith("file.json: ")
    assert expected in message
    assert len(message) < 300


def test_features_that_nothing_numbers_are_refused():
    document = changed("nodes", 1, "node_id", to="1_x_1")
    document["nodes"][1]["feature"] = 20  # the pairing of layer 0 and feature 5
    document["links"] = []
    message = refusal(from_neuronpedia, document, "x")
    assert "nodes[1]: no feature of layer 1" in message
    document["nodes"][1]["feature"] = -(10**40)
    assert "nodes[1]: no feature of layer 1" in refusal(from_neuronpedia, document, "x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "not readable as JSON"),
        ("[1]", "expected a JSON object"),
        ('{"nodes": [', "not readable as JSON"),
        ("[" * 100_000, "json"),
        ("\x00", "not readable as JSON"),
        (json.dumps(small()).replace("2.0", "NaN"), "links[3].weight: "),
        (json.dumps(small()).replace("2.0", "-Infinity"), "links[3].weight: "),
        (json.dumps(small()).replace("2.0", "1e999"), "links[3].weight: "),
        (json.dumps(small()).replace("2.0", "9" * 5000), "not readable as JSON"),
        (json.dumps(small())[:-40], "not readable as JSON"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, text: str, expected: str):
    path = tmp_path / "graph.json"
    path.write_text(text)
    message = refusal(load_graph, path)
    assert str(path) in message
    assert expected in message


def test_a_missing_file_is_refused(tmp_path: Path):
    assert "does not exist" in refusal(read_neuronpedia, tmp_path / "none.json")
    assert "does not exist" in refusal(load_graph, tmp_path / "none.json")


def test_a_graph_too_large_for_memory_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("microtome.circuit.neuronpedia.read.MAX_CELLS", 19)
    assert "4 targets times 5 sources" in refusal(from_neuronpedia, small(), "x")


def places(value, path=()) -> list[tuple]:
    """The path of every value in a document."""
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    inner = [places(v, (*path, k)) for k, v in items]
    return [path, *(place for part in inner for place in part)]


WRONG = JSON | st.sampled_from([float("nan"), 1e999, 10**400, "\ud800", "0_3_1", "E_5_0", -1, True])


@settings(max_examples=150)
@given(place=st.sampled_from(places(small())[1:]), value=WRONG)
def test_a_wrong_value_anywhere_is_refused_or_kept(place: tuple, value):
    document = small()
    at = document
    for part in place[:-1]:
        at = at[part]
    at[place[-1]] = value
    try:
        graph = from_neuronpedia(document, "file.json")
    except MicrotomeError as error:
        assert str(error).startswith("file.json: ")
        assert "\n" not in str(error)
    else:
        assert graph.scores.replacement >= 0
        assert again(from_neuronpedia(again(graph), "x")) == again(graph)


def test_a_path_so_long_that_influence_would_take_hours():
    n = 4000
    features = [node(FEATURE, f"0_{i}_1", "0", 1, i) for i in range(n)]
    links = [link(f"0_{i}_1", f"0_{i + 1}_1") for i in range(n - 1)]
    document = small() | {"nodes": features, "links": links}
    assert "a path of 3,999 links" in refusal(from_neuronpedia, document, "chain.json")
