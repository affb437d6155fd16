"""What a reader pinned and grouped: kept in the artifact, written to and read from JSON."""

import json
import os
from pathlib import Path

import pytest

from microtome.circuit import load_graph, prune, save_graph
from microtome.circuit.artifact import load_state, save_state
from microtome.circuit.graph import Graph
from microtome.circuit.graph_view import graph_view
from microtome.circuit.neuronpedia import from_neuronpedia, to_neuronpedia
from microtome.circuit.prune import whole
from microtome.circuit.state import state_of, with_state
from microtome.circuit.view import Supernode, ViewState
from tests.circuit.graphs import random_graph, refusal


@pytest.fixture
def graph() -> Graph:
    return random_graph(3)


@pytest.fixture
def state(graph: Graph) -> ViewState:
    names = [graph.nodes.name(i) for i in graph.nodes.where("feature").tolist()]
    return ViewState(
        selected=names[0],
        pinned=[names[1], names[2]],
        supernodes=[Supernode(id="s", label="sum of ones", members=names[3:5])],
        node_threshold=0.6,
        places={"s": (1.5, -2.0)},
        notes="the carry",
    )


@pytest.fixture
def saved(graph: Graph, tmp_path: Path) -> Path:
    save_graph(graph, tmp_path / "graph")
    return tmp_path / "graph"


def test_a_saved_state_comes_back_and_the_graph_stays_whole(saved: Path, state: ViewState):
    assert load_state(saved) is None
    save_state(saved, state)
    assert load_state(saved) == state
    assert graph_view(load_graph(saved), state=load_state(saved)).state == state
    save_state(saved, ViewState(notes="later"))
    assert load_state(saved) == ViewState(notes="later")
    assert {f.name for f in saved.iterdir()} == {
        "manifest.json",
        "nodes.json",
        "edges.safetensors",
        "view.json",
    }


def test_a_graph_with_a_state_can_be_replaced_with_force(
    saved: Path, graph: Graph, state: ViewState
):
    save_state(saved, state)
    (saved / ".view.json.tmp-killed").write_text("{")  # of a process killed in writing it
    assert "exists" in refusal(save_graph, graph, saved)
    assert load_state(saved) == state
    save_graph(graph, saved, force=True)
    assert load_state(saved) is None
    (saved / "notes.txt").write_text("mine")
    assert "notes.txt" in refusal(save_graph, graph, saved, force=True)


def test_a_write_that_fails_leaves_the_state_before(
    saved: Path, state: ViewState, monkeypatch: pytest.MonkeyPatch
):
    save_state(saved, state)

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left" in refusal(save_state, saved, ViewState())
    assert load_state(saved) == state
    assert not list(saved.glob(".*"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("{", "not readable as JSON"), ('{"pinned": 3}', "pinned"), ('{"other": 1}', "other")],
)
def test_a_damaged_state_is_refused(saved: Path, text: str, complaint: str):
    (saved / "view.json").write_text(text)
    assert complaint in refusal(load_state, saved)
    load_graph(saved)


def test_a_state_needs_a_graph_to_be_kept_in(tmp_path: Path, saved: Path):
    assert "does not exist" in refusal(save_state, tmp_path / "none", ViewState())
    (tmp_path / "graph.json").write_text("{}")
    assert "graph folders only" in refusal(save_state, tmp_path / "graph.json", ViewState())
    (saved / "edges.safetensors").unlink()
    assert "incomplete" in refusal(save_state, saved, ViewState())


def test_pins_and_groups_go_to_json_and_come_back(graph: Graph, state: ViewState):
    document = to_neuronpedia(whole(with_state(graph, state)), "g")
    ids = {node["node_id"] for node in document["nodes"]}
    params = document["qParams"]
    assert set(params["pinnedIds"]) <= ids
    assert len(params["pinnedIds"]) == 2
    assert params["clickedId"] in ids
    assert params["supernodes"][0][0] == "sum of ones"
    assert set(params["supernodes"][0][1:]) <= ids
    back = from_neuronpedia(json.loads(json.dumps(document)), "g")
    found = state_of(back)
    assert found is not None
    assert graph_view(back).state == found
    assert (found.selected, found.pinned) == (state.selected, state.pinned)
    assert [(s.label, s.members) for s in found.supernodes] == [
        ("sum of ones", state.supernodes[0].members)
    ]
    assert (found.node_threshold, found.edge_threshold) == (1, 1)
    assert to_neuronpedia(whole(back), "g")["qParams"] == params


def test_nodes_that_are_pruned_away_or_unknown_are_not_exported(graph: Graph, state: ViewState):
    unknown = state.model_copy(update={"pinned": [*state.pinned, "L9/9@9"], "selected": "L9/9@9"})
    document = to_neuronpedia(prune(with_state(graph, unknown), 0.0, 0.5), "g")
    ids = {node["node_id"] for node in document["nodes"]}
    params = document["qParams"]
    assert set(params["pinnedIds"]) <= ids
    assert params["clickedId"] == ""
    assert all(set(group[1:]) <= ids for group in params["supernodes"])


def test_a_graph_without_pins_has_no_state(graph: Graph):
    assert state_of(graph) is None
    assert graph_view(graph).state is None


def test_state_of_other_tools_names_nodes_by_older_ids():
    """An error and a feature of older files may share an id; it is the feature's."""
    node = {"layer": "0", "ctx_idx": 0, "token_prob": 0, "is_target_logit": False, "clerp": ""}
    feature = node | {
        "node_id": "0_3_1",
        "feature": 9,
        "feature_type": "cross layer transcoder",
        "ctx_idx": 1,
    }
    error = node | {
        "node_id": "0_3_1",
        "layer": "3",
        "feature": -1,
        "feature_type": "mlp reconstruction error",
        "ctx_idx": 1,
    }
    lonely = error | {"node_id": "0_2_0", "layer": "2", "ctx_idx": 0}
    logit = node | {
        "node_id": "4_7_1",
        "layer": "4",
        "feature": 7,
        "feature_type": "logit",
        "ctx_idx": 1,
        "token_prob": 0.5,
    }
    document = {
        "metadata": {"prompt_tokens": ["a", "b"], "prompt": "ab"},
        "qParams": {
            "pinnedIds": ["0_3_1", "0_2_0", "5_5_5"],
            "supernodes": [["carry", "0_3_1", "9_9_9"], ["empty", "9_9_9"]],
            "clickedId": "4_7_1",
        },
        "nodes": [feature, error, lonely, logit],
        "links": [{"source": "0_3_1", "target": "4_7_1", "weight": 1.0}],
    }
    state = state_of(from_neuronpedia(document, "older"))
    assert state is not None
    assert state.pinned == ["L0/3@1", "error L2@0"]
    assert [(s.label, s.members) for s in state.supernodes] == [("carry", ["L0/3@1"])]
    assert state.selected == "logit 7@1"
