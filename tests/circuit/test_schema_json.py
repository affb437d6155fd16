"""What is exported is what the public viewers read, by a schema of the format."""

import json
from collections.abc import Callable
from copy import deepcopy
from math import isqrt
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import microtome as mt
from microtome.circuit import Graph, LogitDifference, load_graph, prune
from microtome.circuit.graph_view import graph_view
from microtome.circuit.neuronpedia import to_neuronpedia
from microtome.circuit.prune import whole
from microtome.circuit.state import with_state
from microtome.circuit.view import Supernode, ViewState
from tests.circuit.graphs import random_graph
from tests.conftest import SHARED

SCHEMA = json.loads((Path(__file__).parent / "neuronpedia.schema.json").read_text())
OTHERS = sorted(SHARED.glob("fixtures/circuit-tracer-*/graphs/prompt-*.json"))


def complaints(document: dict[str, Any]) -> list[str]:
    """What the schema says against a document, and what no schema can say."""
    validator = Draft202012Validator(SCHEMA)
    said = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
    if said:
        return said
    ids = [node["node_id"] for node in document["nodes"]]
    positions = len(document["metadata"]["prompt_tokens"])
    known = set(ids)
    said += ["an id is twice"] * (len(ids) - len(known))
    said += [f"{n['node_id']} is nowhere" for n in document["nodes"] if n["ctx_idx"] >= positions]
    for link in document["links"]:
        said += [f"no node {end}" for end in (link["source"], link["target"]) if end not in known]
    params = document["qParams"]
    groups = params.get("supernodes", [])
    named = [*params.get("pinnedIds", []), *(name for group in groups for name in group[1:])]
    said += [f"no node {name}" for name in named if name not in known]
    for node in document["nodes"]:
        layer, feature, position = node["node_id"].split("_")
        if int(position) != node["ctx_idx"]:
            said.append(f"{node['node_id']} is at {node['ctx_idx']}")
        is_feature = node["feature_type"] == "cross layer transcoder"
        if is_feature and _unpaired(node["feature"]) != (int(layer), int(feature)):
            said.append(f"{node['node_id']} has number {node['feature']}")
    return said


def _unpaired(number: int) -> tuple[int, int]:
    """Cantor's pairing, backwards."""
    diagonal = (isqrt(8 * number + 1) - 1) // 2
    feature = number - diagonal * (diagonal + 1) // 2
    return diagonal - feature, feature


@pytest.fixture(scope="module")
def adder() -> Graph:
    model = mt.load_model("specimen:adder", device="cpu")
    return mt.trace(model, "36 + 59 =", mt.load_dictionary("specimen:adder"))


def test_the_adders_graph(adder: Graph):
    for pruned in (whole(adder), prune(adder), prune(adder, 0.3, 0.5)):
        assert complaints(to_neuronpedia(pruned, "sum")) == []


def test_pins_and_supernodes(adder: Graph):
    names = [adder.nodes.name(i) for i in adder.nodes.where("feature").tolist()]
    group = Supernode(id="s", label="both in range", members=names[1:4])
    state = ViewState(selected=names[4], pinned=names[:2], supernodes=[group])
    document = to_neuronpedia(whole(with_state(adder, state)), "sum")
    assert complaints(document) == []
    assert len(document["qParams"]["supernodes"][0]) == 4
    assert complaints(to_neuronpedia(prune(with_state(adder, state)), "sum")) == []


def test_a_difference_of_logits_and_a_random_graph():
    model = mt.load_model("specimen:adder", device="cpu")
    dictionary = mt.load_dictionary("specimen:adder/plt")
    graph = mt.trace(model, "36 + 59 =", dictionary, [LogitDifference("95", "96")])
    assert complaints(to_neuronpedia(prune(graph), "difference")) == []
    left_out = random_graph(5).with_info(model="random")
    assert complaints(to_neuronpedia(whole(left_out), "random")) == []


def test_a_stories_graph(shared: Path):
    model = mt.load_model(shared / "models" / "stories260K", device="cpu")
    dictionary = mt.load_dictionary(shared / "fixtures" / "circuit-tracer-plt")
    graph = mt.trace(model, "Once upon a time, there was a little", dictionary)
    assert complaints(to_neuronpedia(prune(graph), "stories")) == []


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_graphs_of_other_hands_fit_the_schema_and_open(path: Path):
    """The schema is of the format, not of our export: what circuit-tracer wrote fits it too."""
    written = json.loads(path.read_text())
    assert complaints(written) == []
    graph = load_graph(path)
    view = graph_view(graph)
    assert view.complete
    assert view.state == ViewState(node_threshold=1, edge_threshold=1)  # it was pruned already
    assert len(view.nodes.id) == len(written["nodes"])
    assert len(view.edges.weight) == len(written["links"])
    assert complaints(to_neuronpedia(whole(graph), "again")) == []


BREAKS: dict[str, Callable[[dict], Any]] = {
    "no slug": lambda d: d["metadata"].pop("slug"),
    "tokens are numbers": lambda d: d["metadata"].update(prompt_tokens=[1, 2]),
    "pins are text": lambda d: d["qParams"].update(pinnedIds="1_2_3"),
    "a supernode is text": lambda d: d["qParams"].update(supernodes=["sum"]),
    "a pin of nothing": lambda d: d["qParams"].update(pinnedIds=["77_7_0"]),
    "a layer is a number": lambda d: d["nodes"][0].update(layer=0),
    "a kind is unknown": lambda d: d["nodes"][0].update(feature_type="transcoder"),
    "no label": lambda d: d["nodes"][0].update(clerp=None),
    "a weight is text": lambda d: d["links"][0].update(weight="1.0"),
    "a link to nothing": lambda d: d["links"][0].update(target="77_7_0"),
    "an id is twice": lambda d: d["nodes"].append(d["nodes"][0]),
    "an error with a number": lambda d: _first(d, "mlp reconstruction error").update(feature=3),
    "a number is not the pairing": lambda d: _first(d, "cross layer transcoder").update(feature=3),
    "an embedding of a layer": lambda d: _first(d, "embedding").update(layer="0"),
    "version 2": lambda d: d["metadata"].update(schema_version=2),
}


def _first(document: dict, kind: str) -> dict:
    return next(node for node in document["nodes"] if node["feature_type"] == kind)


@pytest.mark.parametrize("name", BREAKS)
def test_the_schema_notices_what_is_wrong(adder: Graph, name: str):
    document = deepcopy(to_neuronpedia(whole(adder), "sum"))
    BREAKS[name](document)
    assert complaints(document) != []
