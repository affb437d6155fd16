"""What is found, by which id, and what is never found."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from microtome.artifact import Manifest, new_artifact
from microtome.errors import MicrotomeError
from microtome.server import entry_id
from microtome.server.library import ArtifactLibrary, NotThere
from microtome.server.library.roots import Roots
from microtome.server.library.tree import Tree
from microtome.server.services import Services


def entries(client: TestClient) -> dict[str, dict]:
    found = client.get("/api/library").json()["entries"]
    return {entry["path"]: entry for entry in found}


def _path(found: dict[str, dict], id: str) -> str:
    return next(path for path, entry in found.items() if entry["id"] == id)


CLERK = {
    f"specimen:clerk/{stage}": "model"
    for stage in (
        "base", "chat", "hidden", "hidden-twin", "told", "told-twin", "penguin", "penguin-twin",
    )
} | {
    f"specimen:clerk/{stage}/{kind}": "dictionary"
    for stage in ("base", "chat", "hidden")
    for kind in ("clt", "sae")
}  # fmt: skip


def test_every_kind_of_artifact_is_found(client: TestClient):
    found = entries(client)
    kinds = {path: entry["kind"] for path, entry in found.items()}
    assert kinds == {
        "specimen:adder": "model",
        "specimen:adder/clt": "dictionary",
        "specimen:adder/plt": "dictionary",
        "library/graphs/sum": "graph",
        "library/graphs/theirs.json": "graph",
        "library/models/adder": "model",
        "library/plt": "dictionary",
        "library/atlas": "atlas",
        "library/runs/tiny": "run",
        "library/runs/tiny/plt": "dictionary",
        "library/evaluations/tiny": "evaluation",
    } | CLERK | {path: kind for path, kind in kinds.items() if path == "specimen:adder/atlas"}
    assert not [entry["problem"] for entry in found.values() if entry["problem"]]
    assert found["library/graphs/sum"]["facts"]["prompt"] == "36 + 59 ="
    assert found["library/graphs/theirs.json"]["facts"]["format"] == "Neuronpedia"
    assert found["library/runs/tiny"]["facts"]["step"] == 6
    assert found["library/plt"]["facts"]["features"] == 4096
    assert found["library/models/adder"]["facts"]["layers"] == 4


PAGE = '<!doctype html><meta charset="utf-8"><title>é</title><script>alert(1)</script>'
STUDY = {"study": "addition", "holds": 7, "partly": 1, "fails": 1, "model": "specimen:adder",
         "dictionary": "specimen:adder", "dictionary_kind": "clt"}  # fmt: skip


def write_study(folder: Path) -> str:
    """Its id."""
    manifest = Manifest(kind="study", schema_version=1, content=STUDY)
    with new_artifact(folder, manifest, False) as at:
        (at / "addition.json").write_text("{}")
        (at / "report.html").write_text(PAGE, encoding="utf-8")
    return entry_id(folder)


def test_a_study_says_how_many_of_its_claims_hold(client: TestClient, folder: Path):
    id = write_study(folder / "studies" / "addition")
    entry = entries(client)["library/studies/addition"]
    assert (entry["id"], entry["kind"], entry["problem"]) == (id, "study", "")
    assert entry["facts"] == {
        "study": "addition",
        "claims": "7 of 9 hold",
        "model": "specimen:adder",
        "dictionary": "specimen:adder",
        "kind": "clt",
    }


def test_the_page_of_a_study_can_do_nothing(client: TestClient, folder: Path, graph_id: str):
    id = write_study(folder / "studies" / "addition")
    answer = client.get(f"/api/studies/{id}/report")
    assert answer.status_code == 200
    assert answer.text == PAGE
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    own, of_all = answer.headers.get_list("content-security-policy")
    assert own.split("; ")[:2] == ["sandbox", "default-src 'none'"]
    assert "script" not in own and "allow" not in own
    assert "frame-ancestors 'none'" in of_all
    assert client.get(f"/api/studies/{graph_id}/report").status_code == 404
    assert client.get("/api/studies/..%2f..%2fetc/report").status_code == 400


def test_a_study_whose_page_is_not_what_its_manifest_says_is_not_shown(
    client: TestClient, folder: Path, tmp_path: Path
):
    id = write_study(folder / "studies" / "changed")
    (folder / "studies" / "changed" / "report.html").write_text("less")
    assert "report.html has 4 bytes of" in entries(client)["library/studies/changed"]["problem"]
    assert client.get(f"/api/studies/{id}/report").status_code == 400
    linked = write_study(folder / "studies" / "linked")
    page = folder / "studies" / "linked" / "report.html"
    page.replace(tmp_path / "report.html")
    page.symlink_to(tmp_path / "report.html")
    assert client.get("/api/library").status_code == 200
    answer = client.get(f"/api/studies/{linked}/report")
    assert (answer.status_code, "leads out" in answer.text) == (400, True)


def test_fingerprints_of_weights_become_known_and_link_what_belongs_together(
    client: TestClient, services: Services
):
    client.get("/api/library")
    assert services.library.fingerprints.settle()
    found = entries(client)
    model, plt = found["library/models/adder"], found["library/plt"]
    assert model["fingerprint"] and model["fingerprint"] == plt["model_fingerprint"]
    assert plt["fingerprint"] == found["specimen:adder/plt"]["fingerprint"]
    graph = client.get(f"/api/artifacts/{found['library/graphs/sum']['id']}").json()
    assert graph["manifest"]["content"]["prompt"] == "36 + 59 ="
    assert graph["links"]["model"] == found["specimen:adder"]["id"]
    assert graph["links"]["dictionary"] == found["specimen:adder/clt"]["id"]
    assert found[_path(found, graph["links"]["atlas"])]["kind"] == "atlas"


def test_ids_stay_and_are_no_paths(client: TestClient, folder: Path):
    first, again = entries(client), entries(client)
    assert {p: e["id"] for p, e in first.items()} == {p: e["id"] for p, e in again.items()}
    assert first["library/graphs/sum"]["id"] == entry_id(folder / "graphs" / "sum")
    assert all(len(e["id"]) == 16 and e["id"].isalnum() for e in first.values())


def test_new_changed_and_vanished_artifacts_are_noticed(folder: Path):
    library = ArtifactLibrary([folder], specimens=False)
    before = set(library.scan())
    shutil.copytree(folder / "graphs" / "sum", folder / "traces" / "copy")
    new = set(library.scan(fresh=True)) - before
    assert new == {entry_id(folder / "traces" / "copy")}
    with (folder / "runs" / "tiny" / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"step": 7}) + "\n")
    run = library.scan(fresh=True)[entry_id(folder / "runs" / "tiny")]
    assert run.entry.facts["step"] == 7
    shutil.rmtree(folder / "traces" / "copy")
    assert set(library.scan(fresh=True)) == before


def test_a_folder_that_stays_as_it_is_is_not_listed_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    long_ago = time.time() - 3600
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (long_ago, long_ago))
    library = ArtifactLibrary([folder], specimens=False)
    before = library.scan(fresh=True)
    listed = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(path) or scandir(path))
    assert library.scan(fresh=True) == before
    assert listed == []


def test_damaged_artifacts_are_shown_with_their_problem_and_not_opened(
    client: TestClient, folder: Path
):
    nodes = folder / "graphs" / "sum" / "nodes.json"
    nodes.write_text(nodes.read_text()[:100])
    entry = entries(client)["library/graphs/sum"]
    assert "nodes.json has 100 bytes of" in entry["problem"]
    answer = client.get(f"/api/graphs/{entry['id']}")
    assert answer.status_code == 400
    assert answer.json() == {"detail": entry["problem"]}
    assert client.get(f"/api/artifacts/{entry['id']}").json()["problem"] == entry["problem"]


@pytest.mark.parametrize(
    "junk",
    ["{", "[]", '{"kind": 7}', '{"kind": "graph"}', '{"kind": "graph", "schema_version": 9}'],
)
def test_hostile_manifests_break_nothing(client: TestClient, folder: Path, junk: str):
    (folder / "odd").mkdir()
    (folder / "odd" / "manifest.json").write_text(junk)
    (folder / "odd.json").write_text('{"metadata": ' + "[" * 100_000)
    answer = client.get("/api/library")
    assert answer.status_code == 200
    odd = [entry for entry in answer.json()["entries"] if entry["path"].startswith("library/odd")]
    assert all(entry["problem"] for entry in odd)


def test_links_that_lead_out_are_not_served(folder: Path, made: Path, tmp_path: Path):
    outside = tmp_path / "outside"
    shutil.copytree(made / "graphs" / "sum", outside / "secret")
    (folder / "linked").symlink_to(outside / "secret")
    (folder / "linked.json").symlink_to(made / "graphs" / "theirs.json")
    (folder / "graphs" / "inside").symlink_to(folder / "graphs" / "sum")
    stolen = folder / "stolen"
    stolen.mkdir()
    shutil.copy(made / "graphs" / "sum" / "manifest.json", stolen)
    for name in ("nodes.json", "edges.safetensors"):
        (stolen / name).symlink_to(outside / "secret" / name)
    library = ArtifactLibrary([folder], specimens=False)
    found = {one.path: one.entry for one in library.scan().values()}
    assert folder / "linked" not in found and folder / "linked.json" not in found
    problem = found[stolen].problem
    assert "is a link that leads out of the folders served" in problem
    with pytest.raises(MicrotomeError, match="leads out"):
        library.find(found[stolen].id, "graph")
    with pytest.raises(NotThere):
        library.find(entry_id(outside / "secret"))


def test_a_link_put_there_after_the_scan_is_refused_too(folder: Path, made: Path):
    library = ArtifactLibrary([folder], specimens=False)
    id = entry_id(folder / "graphs" / "sum")
    library.find(id, "graph")
    nodes = folder / "graphs" / "sum" / "nodes.json"
    nodes.unlink()
    nodes.symlink_to(made / "graphs" / "sum" / "nodes.json")
    with pytest.raises(MicrotomeError, match="leads out"):
        library.find(id, "graph")


def test_hidden_folders_and_loops_are_passed_over(folder: Path):
    shutil.copytree(folder / "graphs" / "sum", folder / ".hidden" / "sum")
    (folder / "graphs" / "up").symlink_to(folder)
    library = ArtifactLibrary([folder, folder / "graphs"], specimens=False)
    paths = [one.path for one in library.scan().values()]
    assert len(paths) == len(set(paths))
    assert not any(".hidden" in path.parts for path in paths)


def test_ids_of_another_kind_and_unknown_ones(client: TestClient, graph_id: str):
    assert client.get(f"/api/runs/{graph_id}").status_code == 404
    for id in ("0" * 16, "x", "sum", "graphs", "0" * 64):
        assert client.get(f"/api/graphs/{id}").status_code == 404
    assert client.get(f"/api/graphs/{'0' * 65}").status_code == 422


@pytest.mark.parametrize("name", ["missing", "file"])
def test_folders_that_cannot_be_served(tmp_path: Path, name: str):
    (tmp_path / "file").write_text("x")
    with pytest.raises(MicrotomeError, match=f"{name} cannot be served"):
        Roots([tmp_path / name])


def test_more_folders_than_are_walked_are_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr("microtome.server.library.tree.MAX_FOLDERS", 2)
    for name in "abc":
        (tmp_path / name).mkdir()
    tree = Tree(Roots([tmp_path]))
    for _ in range(2):
        assert len(list(tree.walk(lambda listing: True))) == 2
    assert [r.message for r in caplog.records] == [
        f"there are more than 2 folders; those of {tmp_path.name} beyond are not shown: serve fewer"
    ]
