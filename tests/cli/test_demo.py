"""microtome demo: what it prints, and the viewer at its end."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

import microtome as mt
import microtome.server
from microtome.circuit.artifact import load_state, save_state
from microtome.circuit.view import ViewState
from microtome.cli.demo import demo_folder, keep_graph
from microtome.server import Address, entry_id
from microtome.specimen import load_atlas
from microtome.viewer import built as built_viewer
from tests.circuit.graphs import random_graph
from tests.cli.conftest import Run


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data, and a built viewer."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "static" / "app").mkdir(parents=True)
    (tmp_path / "static" / "app" / "index.html").touch()
    monkeypatch.setattr(built_viewer, "STATIC", tmp_path / "static")
    return tmp_path / "data" / "microtome" / "demo"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What the viewer was asked to show, instead of showing it."""
    calls = []

    def serve(folders, **options):
        options["started"](Address("127.0.0.1", 8300))
        calls.append({"folders": folders, **options})

    monkeypatch.setattr(microtome.server, "serve", serve)
    return calls


def test_the_viewer_is_for_people(run: Run, data: Path, served: list[dict]):
    """Files, pipes and machines get what is printed, and the command ends."""
    shown = run("demo")
    assert shown.code == 0
    assert "“95” 99.7%" in shown.out
    assert "viewer" not in shown.out
    assert json.loads(run("demo", "--json", "--no-browser").out)["prompt"] == "36 + 59 ="
    assert not served
    assert not data.exists()


def test_it_ends_with_the_graph_in_the_viewer(run: Run, data: Path, served: list[dict]):
    assert data == demo_folder()
    result = run("demo", "7", "88", "--no-browser")
    assert result.code == 0, result.err
    (call,) = served
    (graph,) = (data / "graphs").iterdir()
    assert call["folders"] == [data]
    assert call["browser"] is False
    assert call["open_path"] == f"#/graph/{entry_id(graph)}"
    assert f"http://127.0.0.1:8300/{call['open_path']}" in result.out
    assert graph.name.startswith("7-plus-88-clt")
    labels = mt.load_graph(graph).nodes.label
    assert sum(bool(re.search(r"sum |operand|first ", label)) for label in labels) > 20
    atlas = load_atlas("specimen:adder")
    nodes = mt.load_graph(graph).nodes
    for i in nodes.where("feature").tolist():
        assert nodes.label[i] == atlas.row(int(nodes.layer[i]), int(nodes.feature[i])).label


def test_trace_says_what_features_of_the_adder_mean(run: Run):
    """In the words of the demo: both have them from the atlas."""
    rows = [line for line in run("demo").out.splitlines() if line.startswith(" L2/914")]
    traced = run("trace", "specimen:adder", "36 + 59 =", "-d", "specimen:adder").out
    assert rows[0] in traced.splitlines() and "sum ends in 5" in rows[0]
    assert "means" not in run("trace", "specimen:adder", "3 + 4 =", "-d", "specimen:adder/plt").out


def test_without_the_built_viewer_it_says_so(run: Run, data: Path, served, tmp_path, monkeypatch):
    monkeypatch.setattr(built_viewer, "STATIC", tmp_path / "nothing")
    result = run("demo", "--no-browser")
    assert result.code == 2
    assert "not built" in result.err
    assert "“95” 99.7%" in result.out
    assert not served


def test_pins_of_an_earlier_demo_stay(tmp_path: Path):
    path = tmp_path / "graphs" / "sum"
    graph = random_graph(1)
    keep_graph(graph, path)
    pinned = ViewState(pinned=[graph.nodes.name(7)])
    save_state(path, pinned)
    made = (path / "manifest.json").stat().st_mtime_ns
    keep_graph(graph, path)
    assert (path / "manifest.json").stat().st_mtime_ns == made
    other = graph.with_labels({7: "sum ends in 5"})
    keep_graph(other, path)
    assert mt.load_graph(path).nodes.label[7] == "sum ends in 5"
    assert load_state(path) == pinned
    (path / "nodes.json").unlink()
    keep_graph(other, path)
    assert mt.load_graph(path).nodes.label[7] == "sum ends in 5"


@pytest.mark.slow
def test_it_serves_until_ctrl_c(tmp_path: Path):
    environment = os.environ | {"XDG_DATA_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "microtome", "demo", "--no-browser", "--port", "0"],
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        address = next(line.strip() for line in lines if line.strip().startswith("http://"))
        base, _, fragment = address.partition("#/graph/")
        graph = httpx.get(f"{base}api/graphs/{fragment}", trust_env=False).json()
        page = httpx.get(base, trust_env=False)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert graph["prompt"] == "36 + 59 ="
    assert any(label.startswith("sum ") for label in graph["nodes"]["label"])
    assert "text/html" in page.headers["content-type"]
