"""What lies in the folders may be damaged, strange or hostile: the rest is shown all the same."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from starlette.testclient import TestClient

from microtome.annotation import open_annotations
from microtome.artifact import check_output
from microtome.server import Settings, create_app, entry_id
from microtome.server.library import describe, library
from microtome.server.schema import FeatureInGraph
from microtome.server.services import Services
from tests.privileges import as_any_user
from tests.server.conftest import BASE


@pytest.fixture(autouse=True)
def unbelieving(monkeypatch: pytest.MonkeyPatch):
    """Every request looks at the folders."""
    monkeypatch.setattr(library, "FRESH_SECONDS", -1.0)


def changed(file: Path, keys: tuple[str | int, ...], value: object) -> None:
    """Put a value into a JSON file, whose manifest goes on to fit it."""
    document: Any = json.loads(file.read_text())
    place = document
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    file.write_text(json.dumps(document))
    manifest = file.with_name("manifest.json")
    if manifest.exists() and file != manifest:
        whole = json.loads(manifest.read_text())
        whole["files"][file.name] = file.stat().st_size
        manifest.write_text(json.dumps(whole))


def entry(client: TestClient, path: Path) -> dict[str, Any]:
    found = client.get("/api/library")
    assert found.status_code == 200, found.text
    (one,) = [e for e in found.json()["entries"] if e["id"] == entry_id(path)]
    return one


HOSTILE = [
    ("atlas", ("content", "encoders", 0, "features"), None),
    ("atlas", ("content", "encoders", 0, "features"), "many"),
    ("atlas", ("content", "encoders", 0, "features"), float("inf")),
    ("atlas", ("content", "encoders", 0, "first_id"), 2**70),
    ("atlas", ("content", "encoders", 1, "first_id"), -5),
    ("atlas", ("content", "model"), "\ud800"),
    ("atlas", ("created",), "\ud800"),
    ("atlas", ("inputs", "dictionary"), "\ud800"),
    ("graphs/sum", ("content", "info", "warnings"), 0),
    ("graphs/sum", ("command",), ["\ud800"]),
]


@pytest.mark.parametrize(("artifact", "keys", "value"), HOSTILE)
def test_manifests_with_odd_values(
    client: TestClient, folder: Path, artifact: str, keys: tuple[str | int, ...], value: object
):
    changed(folder / artifact / "manifest.json", keys, value)
    addresses = [f"/api/artifacts/{entry_id(folder / artifact)}"]
    if artifact == "atlas":
        atlas = f"/api/atlases/{entry_id(folder / artifact)}"
        addresses += [atlas, f"{atlas}/features", f"{atlas}/features/0/5", f"{atlas}/map"]
    else:
        addresses.append(f"/api/graphs/{entry_id(folder / artifact)}")
    assert client.get("/api/library").status_code == 200
    answers = [client.get(address) for address in addresses]
    assert all(answer.status_code in (200, 400, 404) for answer in answers)
    assert any(answer.status_code != 200 for answer in answers[1:])


@pytest.mark.parametrize("kind", [[], {}, 7, None])
def test_a_kind_that_is_no_text(client: TestClient, folder: Path, kind: object):
    changed(folder / "atlas" / "manifest.json", ("kind",), kind)
    assert client.get("/api/library").status_code == 200


@pytest.mark.parametrize("value", [None, 3, "plt", [None]])
def test_a_recipe_with_odd_dictionaries(client: TestClient, folder: Path, value: object):
    changed(folder / "runs" / "tiny" / "recipe.json", ("dictionary",), value)
    assert entry(client, folder / "runs" / "tiny")["facts"]["dictionaries"] == ""


@pytest.mark.parametrize("column", ["layer", "position", "activation", "probability", "label"])
@pytest.mark.parametrize("value", [[], "", {"a": 1}, True])
def test_nodes_with_odd_values(client: TestClient, folder: Path, column: str, value: object):
    if column == "label" and value == "":
        return
    path = folder / "graphs" / "sum"
    changed(path / "nodes.json", (column, 0), value)
    answer = client.get(f"/api/graphs/{entry_id(path)}")
    assert answer.status_code == 400
    assert f"nodes.json: {column}.0" in answer.json()["detail"]


def test_metrics_that_are_no_json(client: TestClient, folder: Path):
    run = folder / "runs" / "tiny"
    lines = ['{"step": 1, "a": 1e999, "b": NaN}', '{"step": "\\ud800"}', '{"step": 2}']
    (run / "metrics.jsonl").write_text("\n".join(lines) + "\n")
    answer = client.get(f"/api/runs/{entry_id(run)}/metrics")
    assert answer.json()["rows"] == [{"step": 1, "a": None, "b": None}, {"step": 2}]


def test_names_that_are_no_text(client: TestClient, folder: Path):
    odd = Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe"))
    graph, atlas, theirs = odd / "sum\udcff", odd / "atlas\udcff", odd / "theirs\udcff.json"
    shutil.copytree(folder / "graphs" / "sum", graph)
    shutil.copytree(folder / "atlas", atlas)
    shutil.copy(folder / "graphs" / "theirs.json", theirs)
    assert entry(client, graph)["path"] == "library/??/sum?"
    assert client.get(f"/api/graphs/{entry_id(theirs)}").status_code == 200
    assert client.get(f"/api/graphs/{entry_id(graph)}").status_code == 400  # safetensors cannot
    refused = client.get(f"/api/atlases/{entry_id(atlas)}")
    assert refused.status_code == 400 and "is not UTF-8" in refused.json()["detail"]
    (graph / "nodes.json").write_text("{")
    assert "incomplete" in entry(client, graph)["problem"]


def test_an_atlas_that_is_served_itself_stays_as_it_was_made(folder: Path):
    atlas = folder / "atlas"
    before = sorted(path.name for path in atlas.iterdir())
    with TestClient(create_app(Settings((atlas,))), base_url=BASE) as client:
        edit = {"dictionary": "d", "encoder": 0, "feature": 1, "label": "five"}
        assert client.put("/api/annotations", json=edit).status_code == 200
        assert not client.get("/api/library").json()["can_write"]
    assert sorted(path.name for path in atlas.iterdir()) == before
    assert (folder / "atlas.annotations.sqlite").is_file()
    check_output(atlas, force=True, kind="atlas")
    with TestClient(create_app(Settings((atlas,))), base_url=BASE) as client:
        (found,) = client.get("/api/annotations", params={"dictionary": "d"}).json()
        assert found["label"] == "five"


def test_an_edit_after_the_database_was_deleted_is_kept(client: TestClient, folder: Path):
    edit = {"dictionary": "d", "encoder": 0, "feature": 1, "label": "five"}
    assert client.put("/api/annotations", json=edit).status_code == 200
    for file in folder.glob("annotations.sqlite*"):
        file.unlink()
    assert client.get("/api/annotations", params={"dictionary": "d"}).json() == []
    assert client.put("/api/annotations", json=edit | {"label": "six"}).status_code == 200
    with open_annotations(folder / "annotations.sqlite") as kept:
        assert [one.label for one in kept.list("d")] == ["six"]


def test_what_a_served_folder_names_is_not_downloaded(
    client: TestClient, folder: Path, services: Services, monkeypatch: pytest.MonkeyPatch
):
    asked: list[dict[str, Any]] = []

    def download(repository: str, **options: object) -> str:
        asked.append({"repository": repository} | options)
        raise OSError("not downloaded before")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    (folder / "theirs").mkdir()
    config = "model_kind: transcoder_set\nfeature_input_hook: mlp.hook_in\n"
    config += (
        "feature_output_hook: mlp.hook_out\ntranscoders: ['hf://owner/name/layer_0.safetensors']\n"
    )
    (folder / "theirs" / "config.yaml").write_text(config)
    (folder / "theirs" / "layer_0.safetensors").write_bytes(b"")
    client.get("/api/library")
    assert services.library.fingerprints.settle()
    assert "not downloaded before" in entry(client, folder / "theirs")["problem"]
    assert [(one["repository"], one["local_files_only"]) for one in asked] == [("owner/name", True)]


def test_a_link_in_a_circle_hides_nothing(client: TestClient, folder: Path):
    (folder / "a").symlink_to(folder / "b")
    (folder / "b").symlink_to(folder / "a")
    assert not entry(client, folder / "graphs" / "sum")["problem"]


def test_fifos_and_devices_are_not_read(client: TestClient, folder: Path):
    for name in ("manifest.json", "config.yaml", "metrics.jsonl", "recipe.json", "graph.json"):
        (folder / f"odd-{name}").mkdir()
        os.mkfifo(folder / f"odd-{name}" / name)
    (folder / "endless.json").symlink_to("/dev/zero")
    os.mkfifo(folder / "graphs" / "sum" / "view.json")
    graph = entry(client, folder / "graphs" / "sum")
    assert client.get(f"/api/graphs/{graph['id']}").status_code == 200


def test_errors_are_no_longer_than_a_reader_reads(client: TestClient):
    answer = client.post("/api/jobs", json={"kind": "x" * 100_000})
    assert answer.status_code == 422 and len(answer.json()["detail"]) < 700


def served(folder: Path) -> TestClient:
    return TestClient(create_app(Settings((folder,), specimens=False)), base_url=BASE)


@pytest.mark.parametrize("inside", ["empty", "manifest.json", "graph.json", "recipe.json", "sum"])
@pytest.mark.parametrize("mode", [0o444, 0o000, 0o111])
def test_a_folder_that_may_not_be_read_hides_nothing_else(folder: Path, inside: str, mode: int):
    closed = folder / "closed"
    shutil.copytree(folder / "graphs" / "sum", closed / inside)
    if inside != "sum":
        shutil.rmtree(closed / inside)
        (closed / inside).write_text("{}")
    with as_any_user():
        closed.chmod(mode)
        try:
            with served(folder) as client:
                assert not entry(client, folder / "graphs" / "sum")["problem"]
                assert not entry(client, folder / "atlas")["problem"]
                answer = client.get(f"/api/graphs/{entry_id(folder / 'graphs' / 'sum')}")
                assert answer.status_code == 200
        finally:
            closed.chmod(0o755)


@pytest.mark.parametrize("artifact", ["graphs/sum", "atlas", "runs/tiny", "plt", "models/adder"])
def test_an_artifact_that_may_not_be_read_says_so(folder: Path, artifact: str):
    with as_any_user():
        (folder / artifact).chmod(0o444)
        try:
            with served(folder) as client:
                others = [path for path in ("graphs/sum", "atlas", "plt") if path != artifact]
                assert not any(entry(client, folder / path)["problem"] for path in others)
                listed = client.get("/api/library").json()["entries"]
                found = [one for one in listed if one["path"] == f"library/{artifact}"]
                assert all("Permission denied" in one["problem"] for one in found) or (
                    artifact in ("runs/tiny", "models/adder")  # told by its names alone
                )
                if artifact in ("graphs/sum", "atlas", "plt"):
                    assert found
        finally:
            (folder / artifact).chmod(0o755)


def test_a_manifest_with_an_endless_file_name(client: TestClient, folder: Path):
    changed(folder / "graphs" / "sum" / "manifest.json", ("files", "a" * 5000), 3)
    problem = entry(client, folder / "graphs" / "sum")["problem"]
    assert "is no file in that folder" in problem and len(problem) < 500
    assert not entry(client, folder / "atlas")["problem"]


def test_a_manifest_does_not_tell_of_files_elsewhere(client: TestClient, folder: Path):
    changed(folder / "graphs" / "sum" / "manifest.json", ("files", "/etc/passwd"), 1)
    assert "bytes" not in entry(client, folder / "graphs" / "sum")["problem"]


def test_a_time_that_no_calendar_has():
    assert describe._time(10**21) == ""
    assert describe._time(0).startswith("1970")


@pytest.mark.parametrize(
    "manifest", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"kind": "novel"}', None]
)
@pytest.mark.parametrize("artifact", ["graphs/sum", "atlas", "plt", "evaluations/tiny"])
def test_an_artifact_with_a_damaged_manifest_stays_listed(
    client: TestClient, folder: Path, artifact: str, manifest: bytes | None
):
    path = folder / artifact / "manifest.json"
    before = entry(client, folder / artifact)
    path.unlink()
    if manifest is None:
        path.mkdir()
    else:
        path.write_bytes(manifest)
    found = entry(client, folder / artifact)
    assert found["kind"] == before["kind"] and found["problem"]


@pytest.mark.parametrize("kind", ["dictionary", "model", "store", "evaluation", "atlas"])
def test_a_manifest_of_another_kind_than_the_files(client: TestClient, folder: Path, kind: str):
    changed(folder / "graphs" / "sum" / "manifest.json", ("kind",), kind)
    assert f"is no {kind}" in entry(client, folder / "graphs" / "sum")["problem"]


NOTE = {"dictionary": "d", "encoder": 0, "feature": 1, "label": "five"}


def test_an_empty_database_holds_no_notes_yet(folder: Path):
    (folder / "annotations.sqlite").touch()
    with as_any_user():
        folder.chmod(0o555)
        (folder / "annotations.sqlite").chmod(0o444)
        try:
            with served(folder) as client:
                of = {"dictionary": "d"}
                assert client.get("/api/annotations", params=of).json() == []
                features = f"/api/atlases/{entry_id(folder / 'atlas')}/features"
                assert client.get(features).status_code == 200
                refused = client.put("/api/annotations", json=NOTE)
                assert refused.status_code == 400, refused.text
                assert client.get(features).status_code == 200
                folder.chmod(0o755)
                (folder / "annotations.sqlite").chmod(0o644)
                assert client.put("/api/annotations", json=NOTE).status_code == 200
                assert [one["label"] for one in client.get("/api/annotations", params=of).json()]
        finally:
            folder.chmod(0o755)


def test_labels_are_read_from_a_read_only_place_and_edits_refused(folder: Path):
    path = folder / "annotations.sqlite"
    with served(folder) as client:
        assert client.put("/api/annotations", json=NOTE).status_code == 200
    with as_any_user():
        path.chmod(0o444)
        folder.chmod(0o555)
        try:
            with served(folder) as client:
                (found,) = client.get("/api/annotations", params={"dictionary": "d"}).json()
                assert found["label"] == "five"
                edit = NOTE | {"label": "six", "version": 1}
                assert client.put("/api/annotations", json=edit).status_code == 400
                assert client.get("/api/annotations", params={"dictionary": "d"}).json() == [found]
                folder.chmod(0o755)
                path.chmod(0o644)
                assert client.put("/api/annotations", json=edit).status_code == 200
        finally:
            folder.chmod(0o755)


def test_keys_that_no_database_holds_are_malformed(client: TestClient):
    for address in ("/api/annotations", "/api/annotations/history"):
        of = {"dictionary": "a\0", "encoder": 0, "feature": 0}
        assert client.get(address, params=of).status_code == 422


@pytest.mark.parametrize(
    "state",
    [
        {"notes": "\ud800"},
        {"selected": "\ud800"},
        {"pinned": ["\ud800"]},
        {"hidden": ["\udfff"]},
        {"places": {"\ud800": [0, 1]}},
        {"supernodes": [{"id": "a", "label": "\ud800", "members": []}]},
        {"supernodes": [{"id": "a", "label": "b", "members": ["\ud800"]}]},
    ],
)
def test_half_surrogates_in_a_state_are_malformed(
    client: TestClient, graph_id: str, state: dict[str, Any]
):
    body, json_type = json.dumps(state), {"content-type": "application/json"}
    for method, address in (("PUT", "state"), ("POST", "neuronpedia"), ("POST", "html")):
        answer = client.request(
            method, f"/api/graphs/{graph_id}/{address}", content=body, headers=json_type
        )
        assert answer.status_code == 422, (address, answer.text)


def test_a_graph_whose_name_is_no_text_is_named_all_the_same():
    found = FeatureInGraph(
        graph="a", name="bad\udcff graph", prompt="", node="L0/1@2", activation=1.0, nodes=1
    )
    assert json.loads(found.model_dump_json())["name"] == "bad? graph"
