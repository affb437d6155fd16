"""Testing a graph by the server, what carries its edges, and what heads do."""

import json
from pathlib import Path

import pytest
import torch
from starlette.testclient import TestClient

from microtome.circuit import load_graph
from microtome.server import entry_id
from tests.server.test_routes import finished


def result(client: TestClient, request: dict) -> dict:
    """Of a job that is asked for and waited for."""
    posted = client.post("/api/jobs", json=request)
    assert posted.status_code == 202, posted.text
    job = finished(client, posted.json())
    assert job["state"] == "done", job["message"]
    return client.get(f"/api/jobs/{job['id']}/result").json()


def failure(client: TestClient, request: dict) -> str:
    """Why a job came to nothing."""
    posted = client.post("/api/jobs", json=request)
    if posted.status_code != 202:
        return posted.json()["detail"]
    return finished(client, posted.json())["message"]


def test_a_graph_is_verified_and_the_verdict_stays_with_it(
    client: TestClient, folder: Path, graph_id: str
):
    assert client.get(f"/api/graphs/{graph_id}/verification").json() is None
    before = client.get(f"/api/graphs/{graph_id}").json()
    found = result(client, {"kind": "verify", "graph": graph_id})
    assert found["belief"] in ("believable", "partly", "not believable")
    assert found["reasons"]
    assert set(found["modes"]) == {"held", "frozen", "live"}
    assert client.get(f"/api/graphs/{graph_id}/verification").json() == found
    assert json.loads((folder / "graphs" / "sum" / "verification.json").read_text()) == found
    assert client.get(f"/api/graphs/{graph_id}").json() == before


def test_the_readers_groups_are_the_ones_that_are_tested(client: TestClient, graph_id: str):
    nodes = client.get(f"/api/graphs/{graph_id}").json()["nodes"]
    features = [i for i, kind in enumerate(nodes["kind"]) if kind == "feature"]
    best = sorted(features, key=lambda i: -nodes["influence"][i])[:2]
    members = [nodes["id"][i] for i in best]
    group = {"id": "supernode-0", "label": "mine", "members": members}
    state = {"supernodes": [group], "node_threshold": 0.9}
    found = result(client, {"kind": "verify", "graph": graph_id, "state": state})
    assert found["options"]["node_threshold"] == 0.9
    assert {g["label"]: g["members"] for g in found["groups"]}["mine"] == members


def test_a_damaged_verification_is_one_sentence(client: TestClient, folder: Path, graph_id: str):
    (folder / "graphs" / "sum" / "verification.json").write_text('{"belief": "yes"}')
    answer = client.get(f"/api/graphs/{graph_id}/verification")
    assert answer.status_code == 400
    assert "verify the graph again" in answer.json()["detail"]


@pytest.mark.parametrize("kind", ["feature", "logit"])
def test_the_heads_of_an_edge_sum_to_it(client: TestClient, folder: Path, graph_id: str, kind: str):
    graph = load_graph(folder / "graphs" / "sum")
    rows = [r for r, node in enumerate(graph.rows.tolist()) if graph.nodes.kind[node] == kind]
    row = rows[-1]
    tokens = torch.isin(graph.columns, graph.nodes.where("token"))
    column = int((graph.edges[row].abs() * tokens).argmax())  # from other positions, by heads
    source, target = (
        graph.nodes.name(int(node)) for node in (graph.columns[column], graph.rows[row])
    )
    request = {"kind": "edge", "graph": graph_id, "source": source, "target": target}
    found = result(client, request)
    parts = sum(part["value"] for part in found["parts"])
    assert found["direct"] + parts + found["rest"] == pytest.approx(found["edge"], rel=1e-4)
    assert found["edge"] == pytest.approx(float(graph.edges[row, column]))
    assert found["parts"]
    sizes = [abs(part["value"]) for part in found["parts"]]
    assert sizes == sorted(sizes, reverse=True)


def test_the_pairs_of_a_score_sum_to_it(client: TestClient, graph_id: str):
    request = {"kind": "score", "graph": graph_id, "layer": 1, "head": 0, "query": 4, "key": 1}
    found = result(client, request | {"top": 5})
    assert len(found["pairs"]) == 5
    pairs = sum(pair["value"] for pair in found["pairs"])
    assert pairs + found["rest"] == pytest.approx(found["score"], rel=1e-4)
    assert sum(row["value"] for row in found["by_kind"]) == pytest.approx(found["score"], rel=1e-4)
    assert sum(found["pattern"]) == pytest.approx(1, abs=1e-4)
    less = result(client, request | {"against": 2})
    other = result(client, request | {"key": 2})
    assert less["score"] == pytest.approx(found["score"] - other["score"], rel=1e-4)


def test_heads_are_described_and_remembered(client: TestClient):
    request = {"kind": "heads", "model": "specimen:adder", "dictionary": "specimen:adder"}
    found = result(client, request)
    assert [(h["layer"], h["head"]) for h in found["heads"]][:2] == [(0, 0), (0, 1)]
    one = result(client, request | {"layer": 2, "head": 0})["detail"]
    assert one["query_reads"][0]["value"] >= one["query_reads"][1]["value"]
    assert one["query_reads"][0]["feature"].startswith("L")
    assert one["matches"][0]["other"]["feature"].startswith("L")
    assert result(client, request) == found
    assert found["heads"][0]["features"] == 0
    assert "choose a later layer" in failure(client, request | {"layer": 0, "head": 1})


def test_what_cannot_be_done_is_said(client: TestClient, folder: Path, graph_id: str):
    edge = {"kind": "edge", "graph": graph_id, "source": "L0/9999@1", "target": "L1/1@1"}
    assert "no node L1/1@1" in failure(client, edge)
    score = {"kind": "score", "graph": graph_id, "layer": 1, "head": 0, "query": 1, "key": 4}
    assert "4" in failure(client, score)
    theirs = entry_id(folder / "graphs" / "theirs.json")
    assert "another tool" in failure(client, {"kind": "verify", "graph": theirs})
    assert "no graph" in failure(client, {"kind": "verify", "graph": "nothing"})
    heads = {"kind": "heads", "model": "specimen:adder", "dictionary": "specimen:adder"}
    assert "name both" in failure(client, heads | {"head": 1})
    assert "head 99.0 does not exist" in failure(client, heads | {"layer": 99, "head": 0})
