"""microtome group, run as a user runs it."""

import json
from pathlib import Path

import pytest

from microtome.circuit import load_state, save_state
from microtome.circuit.artifact import load_nodes
from microtome.circuit.view import Supernode, ViewState
from tests.cli.conftest import Run


@pytest.fixture
def graph(run: Run, model_folder: Path, dictionary_folder: Path, tmp_path: Path) -> Path:
    out = tmp_path / "graph"
    assert run("trace", model_folder, "3 + 4 =", "-d", dictionary_folder, "-o", out).code == 0
    return out


def test_groups_are_printed_and_kept_with_the_graph(run: Run, graph: Path, dictionary_folder: Path):
    first = run("group", graph, "--dictionary", dictionary_folder)
    assert (first.code, first.err) == (0, "")
    assert "Quality" in first.out
    assert max(map(len, first.out.splitlines())) <= 100
    kept = load_state(graph)
    assert kept is not None
    assert kept.supernodes
    again = run("group", graph, "--dictionary", dictionary_folder)
    assert again.out == first.out
    assert load_state(graph) == kept
    as_json = json.loads(run("group", graph, "-d", dictionary_folder, "--json").out)
    assert [s["members"] for s in as_json["supernodes"]] == [s.members for s in kept.supernodes]
    assert as_json["kept"] - as_json["random"] == pytest.approx(as_json["quality"])


def test_other_automatic_groups_are_replaced_by_force_alone(run: Run, graph: Path):
    assert run("group", graph).code == 0
    kept = load_state(graph)
    refused = run("group", graph, "--groups", 8)
    assert refused.code == 2
    assert "--force" in refused.err
    assert load_state(graph) == kept
    assert run("group", graph, "--groups", 8, "--force").code == 0
    assert load_state(graph) != kept


def test_groups_of_people_are_never_overwritten(run: Run, graph: Path):
    nodes = load_nodes(graph)
    names = [nodes.name(i) for i in nodes.where("feature").tolist()]
    mine = Supernode(id="supernode-1", label="mine", members=names[:2])
    save_state(graph, ViewState(supernodes=[mine], pinned=names[3:4], notes="as I see it"))
    assert "mine (by hand)" in run("group", graph).out
    assert run("group", graph, "--groups", 9, "--force").code == 0
    kept = load_state(graph)
    assert kept is not None
    assert kept.supernodes[0] == mine
    assert (kept.pinned, kept.notes) == (names[3:4], "as I see it")
    assert not {n for s in kept.supernodes[1:] for n in s.members} & set(names[:2])


def test_bad_input_is_one_sentence(run: Run, graph: Path, tmp_path: Path):
    nothing = run("group", tmp_path / "nothing")
    assert nothing.code == 2
    exported = tmp_path / "graph.json"
    assert run("export", graph, exported).code == 0
    assert "graph folders only" in run("group", exported).err
    for option in ("--dictionary", "--atlas"):
        other = run("group", graph, option, "specimen:adder")
        assert other.code == 2
        assert "not that of the graph" in other.err
    assert "possible" in run("group", graph, "--groups", 100000).err
    assert load_state(graph) is None
