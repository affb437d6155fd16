"""Exported annotations come back; what differs is reported, and nothing is lost."""

import copy
import json
from pathlib import Path

import pytest

from microtome.annotation import AnnotationIn, Annotations, open_annotations
from microtome.errors import MicrotomeError

KEY = {"dictionary": "abc", "encoder": 3, "feature": 7}


@pytest.fixture
def exported(tmp_path: Path) -> dict:
    with open_annotations(tmp_path / "from.sqlite") as notes:
        notes.put(AnnotationIn(**KEY, label="five"))
        notes.put(AnnotationIn(**KEY, label="ends in 5", version=1, author="bob"))
        notes.put(AnnotationIn(**KEY | {"dictionary": "other"}, label="dog"))
        return notes.export_json()


def test_it_is_json(exported: dict):
    assert json.loads(json.dumps(exported)) == exported


def test_one_dictionary_may_be_exported(notes: Annotations, exported: dict):
    notes.import_json(exported)
    assert [r["label"] for r in notes.export_json("other")["annotations"]] == ["dog"]


def test_what_stands_is_left_alone(notes: Annotations, exported: dict):
    notes.put(AnnotationIn(**KEY, label="six"))
    result = notes.import_json(exported)
    assert (result.added, result.conflicts) == (1, 1)
    assert notes.labels("abc") == {(3, 7): "six"}


def test_or_followed_by_what_is_imported(notes: Annotations, exported: dict):
    notes.put(AnnotationIn(**KEY, label="six"))
    result = notes.import_json(exported, overwrite=True)
    assert (result.added, result.changed) == (1, 1)
    assert [(r.version, r.label) for r in notes.history("abc", 3, 7)] == [
        (1, "six"),
        (2, "ends in 5"),
    ]
    assert notes.search("ends in")[0].version == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(schema_version=2), "newer microtome"),
        (lambda d: d.update(kind="graphs"), "kind"),
        (lambda d: d["annotations"][0].pop("label"), None),
        (lambda d: d["annotations"][0].update(rating="high"), "annotations.0.rating"),
        (lambda d: d["annotations"][0].update(updated="x" * 99), "updated"),
        (lambda d: d["annotations"].pop(0), "not a whole history"),
        (lambda d: d["annotations"].append(d["annotations"][0]), "not a whole history"),
    ],
)
def test_damaged_documents_are_refused_whole(notes: Annotations, exported: dict, change, said):
    change(document := copy.deepcopy(exported))
    if said is None:  # a label may be missing: it is empty then
        assert notes.import_json(document).added == 2
        return
    with pytest.raises(MicrotomeError, match=said):
        notes.import_json(document)
    assert notes.list() == []


@pytest.mark.parametrize("document", [None, [], "text", 3, {}])
def test_other_documents_are_refused(notes: Annotations, document: object):
    with pytest.raises(MicrotomeError, match="not exported annotations"):
        notes.import_json(document)
