"""Every route on real artifacts, through a client."""

import json
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from microtome.circuit.artifact import load_state
from microtome.circuit.neuronpedia import from_neuronpedia
from microtome.circuit.view import GraphView, ViewState
from microtome.server import Limits, Settings, create_app, entry_id
from microtome.server.openapi import document
from microtome.server.services import Services
from tests.server.conftest import BASE, SUM


def finished(client: TestClient, job: dict) -> dict:
    """The job when it has ended."""
    assert "id" in job, job
    until = time.monotonic() + 60
    while (job := client.get(f"/api/jobs/{job['id']}").json())["state"] in ("queued", "running"):
        assert time.monotonic() < until, job
        time.sleep(0.01)
    return job


# -- graphs ------------------------------------------------------------------------------------


def test_a_graph_as_it_is_shown(client: TestClient, graph_id: str):
    view = GraphView.model_validate(client.get(f"/api/graphs/{graph_id}").json())
    assert (view.id, view.prompt, view.complete) == (graph_id, SUM, True)
    assert view.nodes.kind.count("feature") == 30
    assert len(view.edges.source) == len(view.edges.weight) > 100
    assert view.state is None
    pruned = GraphView.model_validate(client.get(f"/api/graphs/{graph_id}?max_edges=500").json())
    assert not pruned.complete and len(pruned.edges.source) <= 500
    assert client.get(f"/api/graphs/{graph_id}?max_edges=0").status_code == 422


def test_a_persons_label_is_on_the_graph_at_once(client: TestClient, graph_id: str):
    view = GraphView.model_validate(client.get(f"/api/graphs/{graph_id}").json())
    i = view.nodes.kind.index("feature")
    key = {
        "dictionary": view.dictionary_fingerprint,
        "encoder": view.nodes.layer[i],
        "feature": view.nodes.feature[i],
    }
    assert client.put("/api/annotations", json=key | {"label": "mine"}).status_code == 200
    view = GraphView.model_validate(client.get(f"/api/graphs/{graph_id}").json())
    same = [
        n
        for n in range(len(view.nodes.id))
        if view.nodes.kind[n] == "feature"
        and (view.nodes.layer[n], view.nodes.feature[n]) == (key["encoder"], key["feature"])
    ]
    assert i in same
    assert {view.nodes.label[n] for n in same} == {"mine"}
    assert {view.label_sources[view.nodes.id[n]] for n in same} == {"person"}
    exported = client.get(f"/api/graphs/{graph_id}/neuronpedia?node_threshold=1&edge_threshold=1")
    assert [n["clerp"] for n in exported.json()["nodes"]].count("mine") == len(same)


def test_the_state_is_kept_in_the_artifact(client: TestClient, folder: Path, graph_id: str):
    view = GraphView.model_validate(client.get(f"/api/graphs/{graph_id}").json())
    features = [id for id, kind in zip(view.nodes.id, view.nodes.kind, strict=True)
                if kind == "feature"]  # fmt: skip
    state = ViewState(pinned=features[:2], selected=features[0], notes="here", node_threshold=0.5)
    saved = client.put(f"/api/graphs/{graph_id}/state", json=state.model_dump())
    assert saved.status_code == 200
    assert load_state(folder / "graphs" / "sum") == state
    again = GraphView.model_validate(client.get(f"/api/graphs/{graph_id}").json())
    assert again.state == state
    assert client.put(f"/api/graphs/{graph_id}/state", json={"pinned": 3}).status_code == 422
    theirs = entry_id(folder / "graphs" / "theirs.json")
    refused = client.put(f"/api/graphs/{theirs}/state", json=state.model_dump())
    assert refused.status_code == 400
    assert "is a file" in refused.json()["detail"]


def test_what_a_reader_sees_is_exported_though_it_is_not_saved(client: TestClient, graph_id: str):
    names = client.get(f"/api/graphs/{graph_id}").json()["nodes"]["id"]
    state = ViewState(pinned=names[:1], node_threshold=0.5, notes="not saved </script>")
    sent = state.model_dump(mode="json")
    answer = client.post(f"/api/graphs/{graph_id}/html", json=sent)
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-disposition"] == "attachment"
    assert "notes" in answer.text and "not saved </script>" not in answer.text
    few = client.post(f"/api/graphs/{graph_id}/neuronpedia", json=sent).json()
    assert {"version", "name"} == set(few["metadata"]["info"]["generator"])
    assert "generation_settings" in few["metadata"]
    assert len(few["qParams"]["pinnedIds"]) == 1
    all_of_it = sent | {"node_threshold": 1.0, "edge_threshold": 1.0}
    whole = client.post(f"/api/graphs/{graph_id}/neuronpedia", json=all_of_it).json()
    assert len(few["nodes"]) < len(whole["nodes"])
    assert client.get(f"/api/graphs/{graph_id}").json()["state"] is None
    assert client.post("/api/graphs/nothing/html", json=sent).status_code == 404


def test_neuronpedia_out_and_in(client: TestClient, folder: Path, graph_id: str):
    exported = client.get(f"/api/graphs/{graph_id}/neuronpedia?node_threshold=0.9").json()
    assert from_neuronpedia(exported, "it").prompt.strings
    shown = client.post("/api/graphs/import", json=exported)
    assert shown.status_code == 200
    view = GraphView.model_validate(shown.json())
    assert view.strings == list(exported["metadata"]["prompt_tokens"])
    theirs = client.get(f"/api/graphs/{entry_id(folder / 'graphs' / 'theirs.json')}")
    assert GraphView.model_validate(theirs.json()).strings == view.strings
    refused = client.post("/api/graphs/import", json={"nodes": []})
    assert refused.status_code == 400 and "metadata" in refused.json()["detail"]
    before = set(folder.rglob("*"))
    client.post("/api/graphs/import", json=exported)
    assert set(folder.rglob("*")) == before  # nothing is kept


# -- annotations -------------------------------------------------------------------------------

KEY = {"dictionary": "abc", "encoder": 1, "feature": 7}


def test_looking_leaves_no_database(client: TestClient, folder: Path, graph_id: str):
    for path in ("library", f"graphs/{graph_id}", "annotations?dictionary=abc"):
        assert client.get(f"/api/{path}").status_code == 200
    assert not list(folder.glob("*.sqlite*"))
    client.put("/api/annotations", json=KEY | {"label": "x"})
    assert (folder / "annotations.sqlite").is_file()


def test_an_old_edit_is_refused_with_what_stands(client: TestClient):
    first = client.put("/api/annotations", json=KEY | {"label": "one", "author": "a"}).json()
    assert first["version"] == 1 and first["updated"]
    second = client.put("/api/annotations", json=KEY | {"label": "two", "version": 1})
    assert second.json()["version"] == 2
    late = client.put("/api/annotations", json=KEY | {"label": "late", "version": 1})
    assert late.status_code == 409
    assert late.json()["current"] == second.json()
    assert "version" in late.json()["detail"]
    listed = client.get("/api/annotations?dictionary=abc").json()
    assert listed == [second.json()]
    assert client.get("/api/annotations?dictionary=abc&encoder=0").json() == []
    history = client.get("/api/annotations/history?dictionary=abc&encoder=1&feature=7").json()
    assert [edit["label"] for edit in history] == ["one", "two"]


def test_malformed_edits(client: TestClient):
    for edit in (
        {},
        KEY | {"label": "x" * 501},
        KEY | {"rating": 6},
        KEY | {"more": 1},
        KEY | {"encoder": -1},
        KEY | {"feature": 2**40},
        KEY | {"label": "a\x00b"},
    ):
        answer = client.put("/api/annotations", json=edit)
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith("the request is malformed: ")
    assert client.get("/api/annotations").status_code == 422


# -- runs and evaluations ----------------------------------------------------------------------


def test_a_run_while_it_is_written(client: TestClient, folder: Path):
    id = entry_id(folder / "runs" / "tiny")
    info = client.get(f"/api/runs/{id}").json()
    assert (info["steps"], info["step"], info["finished"], info["active"]) == (6, 6, True, False)
    assert info["dictionaries"] == [entry_id(folder / "runs" / "tiny" / "plt")]
    assert info["recipe"]["dictionary"][0]["name"] == "plt"
    first = client.get(f"/api/runs/{id}/metrics").json()
    assert [row["step"] for row in first["rows"]] == [2, 4, 6]
    path = folder / "runs" / "tiny" / "metrics.jsonl"
    assert first["next"] == path.stat().st_size
    with path.open("a") as file:
        file.write('{"step": 8, "loss": NaN}\nnot json\n[1]\n{"step": 10, "lo')
        file.flush()
        more = client.get(f"/api/runs/{id}/metrics?start={first['next']}").json()
        assert more["rows"] == [{"step": 8, "loss": None}]
        file.write('ss": 1}\n')
    last = client.get(f"/api/runs/{id}/metrics?start={more['next']}").json()
    assert last["rows"] == [{"step": 10, "loss": 1}]
    path.write_text('{"step": 1}\n')  # taken up again from an earlier step
    anew = client.get(f"/api/runs/{id}/metrics?start={last['next']}").json()
    assert anew["rows"] == [{"step": 1}]
    info = client.get(f"/api/runs/{id}").json()
    assert (info["step"], info["finished"], info["active"]) == (1, False, True)


def test_an_evaluation_and_the_run_it_is_of(client: TestClient, folder: Path, services: Services):
    id = entry_id(folder / "evaluations" / "tiny")
    (found,) = client.get(f"/api/evaluations/{id}").json()
    assert found["kind"] == "plt" and found["tokens"] > 0
    client.get("/api/library")
    assert services.library.fingerprints.settle()
    run = client.get(f"/api/runs/{entry_id(folder / 'runs' / 'tiny')}").json()
    assert [entry["id"] for entry in run["evaluations"]] == [id]


# -- jobs --------------------------------------------------------------------------------------

TRACE = {"kind": "trace", "model": "specimen:adder", "dictionary": "specimen:adder",
         "prompt": "7 + 8 =", "max_features": 5}  # fmt: skip


def test_a_trace_becomes_a_graph(client: TestClient, folder: Path):
    posted = client.post("/api/jobs", json=TRACE | {"tokens": ["15"]})
    assert posted.status_code == 202
    job = finished(client, posted.json())
    assert (job["state"], job["message"]) == ("done", "")
    assert job["done"] == job["total"] > 0
    entry = client.get(f"/api/jobs/{job['id']}/result").json()
    assert entry["id"] == job["result"] == entry_id(folder / "traces" / "7-plus-8")
    view = GraphView.model_validate(client.get(f"/api/graphs/{entry['id']}").json())
    assert view.prompt == "7 + 8 =" and "feature" in view.nodes.kind
    manifest = client.get(f"/api/artifacts/{entry['id']}").json()["manifest"]
    assert manifest["command"][:4] == ["microtome", "trace", "specimen:adder", "7 + 8 ="]
    again = finished(client, client.post("/api/jobs", json=TRACE).json())
    assert again["result"] == entry_id(folder / "traces" / "7-plus-8-2")
    assert [j["id"] for j in client.get("/api/jobs").json()] == [again["id"], job["id"]]


def test_a_difference_of_logits_with_entries_of_the_library(client: TestClient, folder: Path):
    request = TRACE | {
        "model": entry_id(folder / "models" / "adder"),
        "dictionary": entry_id(folder / "plt"),
        "tokens": ["15"],
        "minus": "25",
        "name": "../../what: a/ name",
    }
    job = finished(client, client.post("/api/jobs", json=request).json())
    assert job["state"] == "done", job
    graph = folder / "traces" / "what-a-name"
    assert job["result"] == entry_id(graph)
    view = GraphView.model_validate(client.get(f"/api/graphs/{job['result']}").json())
    assert view.dictionary_kind == "plt" and "direction" in view.nodes.kind


@pytest.mark.parametrize(
    ("change", "status", "sentence"),
    [
        ({"model": "specimen:addder"}, 400, "did you mean 'adder'"),
        ({"model": "/etc/passwd"}, 404, "no model has this id"),
        ({"model": "gpt2"}, 404, "no model has this id"),
        ({"dictionary": "specimen:adder/nlt"}, 400, "has no 'nlt'"),
        ({"minus": "3"}, 400, "needs exactly one token"),
        ({"kind": "burn"}, 422, "malformed"),
        ({"max_features": 0}, 422, "max_features"),
        ({"prompt": "x" * 20_001}, 422, "prompt"),
    ],
)
def test_jobs_that_cannot_be_done(client: TestClient, change: dict, status: int, sentence: str):
    answer = client.post("/api/jobs", json=TRACE | change)
    assert answer.status_code == status
    assert sentence in answer.json()["detail"]


def test_a_job_that_fails_says_why(client: TestClient):
    job = finished(client, client.post("/api/jobs", json=TRACE | {"prompt": "hello"}).json())
    assert job["state"] == "failed"
    assert "vocabulary" in job["message"]
    answer = client.get(f"/api/jobs/{job['id']}/result")
    assert answer.status_code == 409 and "the job failed" in answer.json()["detail"]


def test_operand_plots(client: TestClient, graph_id: str):
    view = GraphView.model_validate(client.get(f"/api/graphs/{graph_id}").json())
    i = view.nodes.kind.index("feature")
    request = {
        "kind": "operands",
        "model": "specimen:adder",
        "dictionary": "specimen:adder",
        "encoder": view.nodes.layer[i],
        "feature": view.nodes.feature[i],
    }
    job = finished(client, client.post("/api/jobs", json=request).json())
    plots = client.get(f"/api/jobs/{job['id']}/result").json()
    here = next(plot for plot in plots if plot["position"] == view.nodes.position[i])
    activation = view.nodes.activation[i]
    assert activation is not None
    # the graph traces 36 + 59 with the same model, so the plot holds its activation
    assert here["values"][36][59] == pytest.approx(activation, rel=1e-3, abs=1e-4)
    assert len(here["values"]) == len(here["values"][0]) == 100
    wrong = finished(client, client.post("/api/jobs", json=request | {"feature": 10**6}).json())
    assert "does not exist" in wrong["message"]
    assert client.post("/api/jobs", json=request | {"guise": "x"}).status_code == 400


def test_a_full_queue_is_429(folder: Path):
    limits = Limits(queued_jobs=0)
    app = create_app(Settings((folder,), limits=limits))
    with TestClient(app, base_url=BASE) as client:
        answer = client.post("/api/jobs", json=TRACE)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "5"
    assert "0 jobs are waiting" in answer.json()["detail"]


def test_folders_that_may_not_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("os.access", lambda path, mode: mode != 2)
    app = create_app(Settings((folder,)))
    with TestClient(app, base_url=BASE) as client:
        assert client.get("/api/library").json()["can_write"] is False
        answer = client.post("/api/jobs", json=TRACE)
    assert answer.status_code == 400 and "--out FOLDER" in answer.json()["detail"]


# -- the whole ---------------------------------------------------------------------------------


def test_the_description_is_that_of_the_running_server(client: TestClient):
    assert client.get("/api/openapi.json").json() == json.loads(json.dumps(document()))
    assert "ExportDocument" in document()["components"]["schemas"]


def test_errors_are_one_sentence(client: TestClient):
    for method, path, status in (
        ("GET", "/api/nothing", 404),
        ("GET", "/nothing.js", 404),
        ("POST", "/api/library", 405),
        ("GET", "/api", 404),
        ("GET", "/api/jobs/x", 404),
        ("GET", "/api/jobs/x/events", 404),
        ("DELETE", "/api/jobs/x", 404),
    ):
        answer = client.request(method, path)
        assert (answer.status_code, list(answer.json())) == (status, ["detail"]), path


def test_without_a_build_the_page_says_how(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("microtome.server.app.app_folder", lambda: tmp_path / "static")
    with TestClient(create_app(Settings((folder,))), base_url=BASE) as client:
        assert "make viewer" in client.get("/").text
        (tmp_path / "static" / "assets").mkdir(parents=True)
        (tmp_path / "static" / "index.html").write_text("<title>viewer</title>")
        (tmp_path / "static" / "assets" / "main-1.js").write_text("1")
        assert client.get("/").text == "<title>viewer</title>"
        script = client.get("/assets/main-1.js")
        assert script.headers["content-type"].startswith("text/javascript")
        assert "immutable" in script.headers["cache-control"]
        assert client.get("/assets/main-2.js").status_code == 404
