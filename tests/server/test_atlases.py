"""Atlases through the server, and whose label counts."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from microtome.artifact import SCHEMA_VERSIONS, Manifest, new_artifact, read_manifest
from microtome.atlas.page import FeaturePage, XRay
from microtome.circuit.view import GraphView
from microtome.explain.artifact import KIND, LABELS
from microtome.explain.label import LABEL_COLUMNS, ModelLabel
from microtome.server import entry_id
from microtome.server.schema import AtlasInfo, FeatureInGraph
from microtome.server.services import Services
from tests.server.test_routes import finished


@pytest.fixture
def atlas(folder: Path) -> str:
    """Address of an atlas with made-up examples, of the specimen's own dictionary."""
    return f"/api/atlases/{entry_id(folder / 'atlas')}"


def fingerprint(folder: Path) -> str:
    return read_manifest(folder / "atlas").inputs["dictionary"]


def explain(folder: Path, name: str, labels: dict[tuple[int, int], str]) -> None:
    """Labels as a language model's artifact has them."""
    manifest = Manifest(
        kind=KIND,
        schema_version=SCHEMA_VERSIONS[KIND],
        inputs={"dictionary": fingerprint(folder)},
    )
    rows = [
        ModelLabel(encoder=encoder, feature=feature, label=label).model_dump()
        for (encoder, feature), label in labels.items()
    ]
    with new_artifact(folder / name, manifest) as made:
        pq.write_table(pa.Table.from_pylist(rows, LABEL_COLUMNS), made / LABELS)


def person(client: TestClient, folder: Path, encoder: int, feature: int, label: str) -> None:
    key = {"dictionary": fingerprint(folder), "encoder": encoder, "feature": feature}
    assert client.put("/api/annotations", json=key | {"label": label}).status_code == 200


def test_what_an_atlas_is_of(client: TestClient, atlas: str, services: Services):
    client.get("/api/library")
    assert services.library.fingerprints.settle()
    info = AtlasInfo.model_validate(client.get(atlas).json())
    assert (info.features, info.layers) == (4096, [2, 3, 4, 5])
    assert info.links["dictionary"] == entry_id("specimen:adder/clt")
    assert info.dictionary_fingerprint


def test_pages_lists_and_the_map(client: TestClient, atlas: str):
    page = FeaturePage.model_validate(client.get(f"{atlas}/features/1/8").json())
    assert (page.encoder, page.feature, page.name) == (1, 8, "L3/8")
    assert page.bands[0].examples
    assert client.get(f"{atlas}/features/4/0").status_code == 404
    assert client.get(f"{atlas}/features/0/1024").status_code == 404
    assert client.get(f"{atlas}/features/0/{2**31}").status_code == 422
    listed = client.get(f"{atlas}/features?sort=-density&layer=3&limit=5&offset=2").json()
    densities = [row["density"] for row in listed["rows"]]
    assert listed["total"] == 1024 and len(densities) == 5
    assert densities == sorted(densities, reverse=True)
    assert {row["layer"] for row in listed["rows"]} == {3}
    clustered = client.get(f"{atlas}/features?cluster=1&limit=1").json()
    drawn = client.get(f"{atlas}/map").json()
    assert clustered["total"] == drawn["cluster"].count(1) > 0
    assert client.get(f"{atlas}/features?sort=beauty").status_code == 422
    assert client.get(f"{atlas}/features?limit=1001").status_code == 422


def test_searches(client: TestClient, atlas: str):
    found = client.get(f"{atlas}/search?label=ends in 5&limit=3").json()
    assert len(found["rows"]) == 3 and found["total"] > 100
    assert all(row["label"] == "sum ends in 5" for row in found["rows"])
    token = client.get(f"{atlas}/search", params={"token": " dog", "limit": 2}).json()
    assert len(token["rows"]) == 2 and token["rows"][0]["score"] >= token["rows"][1]["score"]
    similar = client.get(f"{atlas}/search?similar=L3/8&limit=4").json()
    assert len(similar["rows"]) == 4
    for query in ("", "?label=a&token=b", "?similar=x", "?similar=L9/1", "?token=notthere"):
        answer = client.get(f"{atlas}/search{query}")
        assert answer.status_code == 400 and answer.json()["detail"]


def test_a_person_comes_before_a_language_model_before_the_atlas(
    client: TestClient, folder: Path, atlas: str
):
    def label(feature: int) -> tuple[str, str]:
        page = client.get(f"{atlas}/features/0/{feature}").json()
        return page["label"], page["label_source"]

    assert label(3) == ("sum ends in 3", "concept")
    explain(folder, "atlas-labels", {(0, 3): "a model's", (0, 6): "a model's too"})
    client.app.state.services.library.scan(fresh=True)  # pyright: ignore[reportAttributeAccessIssue]
    assert label(3) == ("a model's", "model")
    person(client, folder, 0, 3, "a person's")
    assert label(3) == ("a person's", "person")
    assert label(6) == ("a model's too", "model")
    assert label(9) == ("sum ends in 9", "concept")
    found = client.get(f"{atlas}/search?label=person").json()
    assert [row["feature"] for row in found["rows"]] == [3]
    assert client.get(f"{atlas}/features?q=a model's too").json()["total"] == 1
    # they are no entries of their own, and damaged ones are passed over
    (folder / "atlas-labels" / LABELS).write_bytes(b"damaged")
    client.app.state.services.library.scan(fresh=True)  # pyright: ignore[reportAttributeAccessIssue]
    assert label(6) == ("sum ends in 6", "concept")
    kinds = [entry["kind"] for entry in client.get("/api/library").json()["entries"]]
    assert "labels" not in kinds


def test_graphs_are_labelled_by_the_atlas_of_their_dictionary(
    client: TestClient, folder: Path, graph_id: str
):
    view = GraphView.model_validate(client.get(f"/api/graphs/{graph_id}").json())
    assert view.atlas == entry_id(folder / "atlas") or view.atlas == entry_id(
        "specimen:adder/atlas"
    )
    sources = {view.label_sources.get(id) for id, kind in zip(view.nodes.id, view.nodes.kind,
               strict=True) if kind == "feature"}  # fmt: skip
    assert sources & {"concept", "automatic"}


def test_the_graphs_of_a_feature(
    client: TestClient, folder: Path, graph_id: str, atlas: str, services: Services
):
    nodes = GraphView.model_validate(client.get(f"/api/graphs/{graph_id}").json()).nodes
    # the atlas's encoders read layers 2 to 5
    i = next(i for i, kind in enumerate(nodes.kind) if kind == "feature" and nodes.layer[i] >= 2)
    of = f"{atlas}/features/{nodes.layer[i] - 2}/{nodes.feature[i]}/graphs"
    (found,) = (FeatureInGraph.model_validate(one) for one in client.get(of).json())
    assert (found.graph, found.name, found.prompt) == (graph_id, "sum", "36 + 59 =")
    assert found.node in nodes.id and found.node.startswith(f"L{nodes.layer[i]}/")
    same = [
        j
        for j, kind in enumerate(nodes.kind)
        if (kind, nodes.layer[j], nodes.feature[j]) == ("feature", nodes.layer[i], nodes.feature[i])
    ]
    assert found.activation == pytest.approx(max(nodes.activation[j] or 0 for j in same), rel=1e-3)
    assert found.nodes == len(same)
    assert client.get(f"{atlas}/features/4/0/graphs").status_code == 404
    (folder / "graphs" / "sum" / "nodes.json").write_text("{}")
    services.library.scan(fresh=True)
    assert client.get(of).json() == []


def test_a_damaged_atlas_does_not_hide_the_graph(
    client: TestClient, folder: Path, graph_id: str, atlas: str
):
    file = folder / "atlas" / "features.parquet"
    file.write_bytes(b"x" * file.stat().st_size)
    assert client.get(f"/api/graphs/{graph_id}").status_code == 200
    answer = client.get(f"{atlas}/features/0/0")
    assert answer.status_code == 400 and "damaged" in answer.json()["detail"]


def test_an_x_ray_with_labels(client: TestClient, folder: Path):
    request = {
        "kind": "xray",
        "model": "specimen:adder",
        "dictionary": "specimen:adder",
        "text": "36 + 59 =",
    }
    job = finished(client, client.post("/api/jobs", json=request).json())
    xray = XRay.model_validate(client.get(f"/api/jobs/{job['id']}/result").json())
    assert xray.tokens == ["<s>", "36", "+", "59", "="]
    assert [layer.encoder for layer in xray.layers] == [0, 1, 2, 3]
    layer = xray.layers[2]
    assert layer.offsets[-1] == len(layer.features) == len(layer.values) > 0
    feature = layer.features[0]
    person(client, folder, 2, feature, "seen by a person")
    job = finished(client, client.post("/api/jobs", json=request).json())
    xray = XRay.model_validate(client.get(f"/api/jobs/{job['id']}/result").json())
    assert xray.labels[f"2/{feature}"] == "seen by a person"
