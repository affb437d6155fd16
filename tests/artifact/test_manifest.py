import json
from pathlib import Path

import pytest

from microtome.artifact import Manifest, new_artifact, read_manifest
from microtome.artifact.manifest import SCHEMA_VERSIONS
from microtome.errors import MicrotomeError


@pytest.fixture
def artifact(tmp_path) -> Path:
    made = Manifest(
        kind="graph", schema_version=1, config={"seed": 1}, inputs={"model": "ab"}, content={"n": 2}
    )
    with new_artifact(tmp_path / "a", made) as folder:
        (folder / "edges.bin").write_bytes(b"12345")
    return tmp_path / "a"


def edit(artifact: Path, **fields: object) -> None:
    path = artifact / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def refused(folder: Path, says: str, kind: str | None = None) -> None:
    with pytest.raises(MicrotomeError, match=says) as caught:
        read_manifest(folder, kind)
    assert "\n" not in str(caught.value)


def test_round_trip(artifact):
    read = read_manifest(artifact, "graph")
    assert (read.config, read.inputs, read.content) == ({"seed": 1}, {"model": "ab"}, {"n": 2})
    assert read.files == {"edges.bin": 5}
    assert read.created.endswith("+00:00")
    assert read.command


def test_another_kind(artifact):
    refused(artifact, "holds a graph, not an atlas", kind="atlas")
    refused(artifact, "holds a graph, not a dictionary", "dictionary")


def test_a_newer_schema_version(artifact):
    edit(artifact, schema_version=SCHEMA_VERSIONS["graph"] + 1)
    refused(artifact, r"newer microtome \(graph schema 2\); upgrade to read it")


def test_a_newer_version_is_named_before_its_unknown_fields(artifact):
    edit(artifact, schema_version=99, later_field=1)
    refused(artifact, "newer microtome")


@pytest.mark.parametrize("content", [b"1234", b"123456", b""])
def test_a_file_of_another_size(artifact, content):
    (artifact / "edges.bin").write_bytes(content)
    refused(artifact, f"incomplete: edges.bin has {len(content)} bytes of 5; make it again")


def test_a_missing_file(artifact):
    (artifact / "edges.bin").unlink()
    refused(artifact, "edges.bin has 0 bytes of 5")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"schema_version": "one"}, "field 'schema_version'"),
        ({"schema_version": "99"}, "field 'schema_version'"),
        ({"schema_version": 0}, "field 'schema_version'"),
        ({"kind": 3}, "field 'kind'"),
        ({"unknown": 1}, "field 'unknown'"),
        ({"files": {"edges.bin": "five"}}, "field 'files.edges.bin'"),
    ],
)
def test_fields_that_do_not_fit(artifact, fields, says):
    edit(artifact, **fields)
    refused(artifact, says)


@pytest.mark.parametrize("content", ["", "{", "[]", "3"])
def test_garbage(artifact, content):
    (artifact / "manifest.json").write_text(content)
    refused(artifact, "manifest.json (is not readable|holds a)")


def test_text_that_utf8_cannot_hold(artifact, tmp_path):
    edit(artifact, created="\ud800")
    refused(artifact, "manifest.json is not readable")
    edit(artifact, created="a face: \U0001f600")  # two surrogates, which JSON knows
    assert read_manifest(artifact).created == "a face: \U0001f600"
    odd = Manifest(kind="graph", schema_version=1, command=["a\udcff"], content={"b\udcff": "c"})
    with new_artifact(tmp_path / "odd", odd):
        pass
    written = read_manifest(tmp_path / "odd")
    assert (written.command, written.content) == (["a?"], {"b?": "c"})


def test_no_artifact(tmp_path):
    refused(tmp_path / "gone", "gone does not exist")
    refused(tmp_path, "is not a microtome artifact: it has no manifest.json")


def test_every_kind_has_a_version():
    """Not only once the module that writes it has been imported."""
    kinds = ("graph", "dictionary", "model", "store", "evaluation")
    assert all(SCHEMA_VERSIONS[kind] >= 1 for kind in kinds)


@pytest.mark.parametrize("name", ["/etc/passwd", "../../secret", "a/../../b", "nul\0", "a" * 5000])
def test_files_that_are_not_in_the_folder_are_not_looked_at(artifact, tmp_path, name):
    (tmp_path / "secret").write_text("12345")
    edit(artifact, files={name: 3})
    with pytest.raises(MicrotomeError, match="which is no file in that folder") as caught:
        read_manifest(artifact)
    assert "bytes" not in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize("refuses", ["is_file", "exists", "read_bytes"])
def test_what_the_file_system_refuses_is_a_sentence(artifact, monkeypatch, refuses):
    def denied(self: Path):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, refuses, denied)
    refused(artifact, "cannot be read: Permission denied")


def test_a_file_name_that_the_file_system_refuses(artifact):
    edit(artifact, files={"a" * 999: 3})
    with pytest.raises(MicrotomeError, match="cannot be read: File name too long") as caught:
        read_manifest(artifact)
    assert len(str(caught.value)) < 400
