"""microtome export --html, as a user runs it."""

import json
from pathlib import Path

import pytest

from microtome.circuit import merge
from microtome.circuit.artifact import save_state
from microtome.circuit.verify import Verification, VerifyOptions, save_verification
from microtome.circuit.view import Supernode, ViewState
from microtome.server.document import ExportDocument
from microtome.viewer import built as built_viewer
from tests.circuit.graphs import random_graph
from tests.cli.conftest import Run
from tests.viewer.pages import Parts, write_static

VERIFIED = Verification(
    model_fingerprint="",
    dictionary_fingerprint="",
    options=VerifyOptions(),
    sizes=[-1.0],
    seconds=1.0,
    belief="believable",
    reasons=["groups move the targets as predicted"],
    modes={},
    groups=[],
    edges=[],
    error_by_layer=[],
    error_by_token=[],
    error_influence=0.0,
)


@pytest.fixture(autouse=True)
def _static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "static"
    folder.mkdir()
    write_static(folder)
    monkeypatch.setattr(built_viewer, "STATIC", folder)


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    random_graph(2).with_info(model="tiny", dictionary="clt").save(tmp_path / "graph")
    return tmp_path / "graph"


def document(page: Path) -> dict:
    """What is in a page; it must be what the viewer's types say."""
    found = json.loads(Parts(page.read_text()).scripts[0][1])
    ExportDocument.model_validate(found)
    return found


def refused(result, *words: str) -> None:
    assert result.code == 2, result
    assert result.err.strip().count("\n") == 0, result.err
    for word in words:
        assert word in result.err, result.err


def test_a_graph_with_what_a_reader_pinned(run: Run, graph: Path, tmp_path: Path):
    page = tmp_path / "graph.html"
    result = run("export", graph, "--html", page, "--nodes", 0.7, "--edges", 0.9)
    assert result.code == 0, result.err
    assert "nodes" in result.out
    shown = document(page)["graph"]
    assert (shown["node_threshold"], shown["edge_threshold"]) == (0.7, 0.9)
    assert not shown["complete"]
    assert shown["state"]["pinned"] == []
    whole = run("export", graph, "--html", page, "--nodes", 1, "--edges", 1, "--force")
    assert whole.code == 0, whole.err
    names = document(page)["graph"]["nodes"]["id"]
    assert len(shown["nodes"]["id"]) < len(names)
    features = [name for name in names if name.startswith("L")]
    group = Supernode(id="s", label="together", members=features[:2])
    save_state(graph, ViewState(pinned=features[:1], supernodes=[group], node_threshold=0.1))
    assert run("export", graph, "--html", page, "--force").code == 0
    state = document(page)["graph"]["state"]
    assert state["pinned"] == features[:1]
    assert state["supernodes"][0]["label"] == "together"
    assert state["node_threshold"] == 0.8  # there is nothing beyond what the file holds


def test_what_testing_the_graph_found_goes_along(run: Run, graph: Path, tmp_path: Path):
    page = tmp_path / "graph.html"
    assert run("export", graph, "--html", page).code == 0
    assert "verification" not in document(page)
    save_verification(graph, VERIFIED)
    assert run("export", graph, "--html", page, "--force").code == 0
    assert document(page)["verification"]["reasons"] == ["groups move the targets as predicted"]


def test_a_merged_graph_says_of_which_prompts_its_nodes_are(run: Run, tmp_path: Path):
    merge([random_graph(0), random_graph(1)]).graph.save(tmp_path / "merged")
    page = tmp_path / "graph.html"
    assert run("export", tmp_path / "merged", "--html", page).code == 0
    shown = document(page)["graph"]
    assert shown["merged"]["prompts"] == ["a b", "a b"]
    assert {len(row) for row in shown["merged"]["influence"]} == {len(shown["nodes"]["id"])}
    assert len(shown["edges"]["spread"]) == len(shown["edges"]["weight"])


def test_json_has_what_a_reader_pinned_too(run: Run, graph: Path, tmp_path: Path):
    features = [f"L6/6@{6 % 2}"]
    save_state(graph, ViewState(pinned=features))
    out = tmp_path / "graph.json"
    assert run("export", graph, out, "--nodes", 1, "--edges", 1).code == 0
    assert json.loads(out.read_text())["qParams"]["pinnedIds"] == ["6_6_0"]
    page = tmp_path / "again.html"
    assert run("export", out, "--html", page).code == 0
    shown = document(page)["graph"]
    assert shown["state"]["pinned"] == features
    assert shown["complete"]
    assert shown["state"]["node_threshold"] == 1


def test_an_evaluation_and_a_run(run: Run, tmp_path: Path):
    evaluation, started = tmp_path / "evaluation", tmp_path / "run"
    evaluation.mkdir()
    started.mkdir()
    found = [{"dictionary": "</script>", "sites": []}]
    (evaluation / "evaluation.json").write_text(json.dumps(found))
    manifest = {"kind": "evaluation", "schema_version": 1}
    (evaluation / "manifest.json").write_text(json.dumps(manifest))
    page = tmp_path / "e.html"
    assert run("export", evaluation, "--html", page).code == 0
    assert document(page) == {"kind": "evaluation", "evaluation": found}
    (started / "recipe.json").write_text(json.dumps({"steps": 40, "dictionary": []}))
    rows = [{"step": 20, "plt": {"loss": 1.5}}, {"step": 40, "plt": {"loss": 0.5}}]
    (started / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    page = tmp_path / "r.html"
    assert run("export", started, "--html", page).code == 0
    shown = document(page)
    assert shown["metrics"] == rows
    assert (shown["run"]["step"], shown["run"]["finished"]) == (40, True)


def test_what_cannot_be_exported_is_refused(
    run: Run, graph: Path, dictionary_folder: Path, tmp_path
):
    page = tmp_path / "page.html"
    refused(run("export", graph), "one file", "--html")
    refused(run("export", graph, tmp_path / "g.json", "--html", page), "one file")
    refused(run("export", dictionary_folder, "--html", page), "holds a dictionary", "run")
    refused(run("export", tmp_path / "none", "--html", page), "does not exist")
    refused(run("export", tmp_path, "--html", page), "no artifact of microtome")
    refused(run("export", graph, "--html", page, "--feature", "L3/1"), "goes with an atlas")
    refused(run("export", graph, "--html", page, "--atlas", tmp_path / "a"), "does not exist")
    refused(run("export", graph, tmp_path / "g.json", "--atlas", "a"), "go with --html")
    refused(run("export", graph, "--html", tmp_path / "page.txt"), "answer.html")
    refused(run("export", graph, "--html", page, "--nodes", 2), "not between 0 and 1")
    assert not page.exists()
    page.write_text("mine")
    refused(run("export", graph, "--html", page), "exists", "--force")
    assert page.read_text() == "mine"


def test_without_the_built_viewer_nothing_is_written(run: Run, graph: Path, tmp_path, monkeypatch):
    monkeypatch.setattr(built_viewer, "STATIC", tmp_path / "nothing")
    refused(run("export", graph, "--html", tmp_path / "page.html"), "not built", "make viewer")
    assert not (tmp_path / "page.html").exists()
