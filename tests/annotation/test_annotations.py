"""What people write is there again, with its versions and its history."""

import pytest
from pydantic import ValidationError

from microtome.annotation import (
    Annotation,
    AnnotationIn,
    Annotations,
    EditConflict,
    Supernode,
    SupernodeIn,
)
from tests.annotation.conftest import Open


def edit(label: str = "", version: int = 0, feature: int = 7, **fields) -> AnnotationIn:
    values = {"dictionary": "abc", "encoder": 3, "feature": feature, **fields}
    return AnnotationIn(label=label, version=version, **values)


def test_what_was_written_is_there_for_everyone(notes: Annotations, opened: Open):
    made = notes.put(edit("ends in 5", note="tried on sums", rating=4, author="ada"))
    assert made.version == 1
    assert made.updated.endswith("Z")
    assert opened().get("abc", 3, 7) == made


def test_nothing_is_nothing(notes: Annotations):
    assert notes.get("abc", 3, 7) is None
    assert notes.history("abc", 3, 7) == []
    assert notes.list() == []
    assert notes.labels("abc") == {}
    assert notes.supernode("graph", "sum") is None


def test_an_edit_follows_the_version_that_it_started_from(notes: Annotations):
    first = notes.put(edit("five"))
    second = notes.put(edit("ends in 5", version=first.version, author="bob"))
    assert second.version == 2
    assert [(r.version, r.label) for r in notes.history("abc", 3, 7)] == [
        (1, "five"),
        (2, "ends in 5"),
    ]


def test_an_old_version_is_refused_with_the_current_one(notes: Annotations):
    notes.put(edit("five"))
    current = notes.put(edit("ends in 5", version=1, author="bob"))
    with pytest.raises(
        EditConflict, match="from version 1, but it stands at version 2 by bob"
    ) as e:
        notes.put(edit("six", version=1))
    assert e.value.current == current
    assert notes.get("abc", 3, 7) == current
    assert len(notes.history("abc", 3, 7)) == 2


def test_a_second_first_edit_is_refused(notes: Annotations):
    current = notes.put(edit("five"))
    with pytest.raises(EditConflict) as e:
        notes.put(edit("six"))
    assert e.value.current == current


def test_a_version_of_nothing_is_refused(notes: Annotations):
    with pytest.raises(EditConflict, match="from version 4, but there is none") as e:
        notes.put(edit("five", version=4))
    assert e.value.current is None
    assert notes.history("abc", 3, 7) == []


def test_a_deletion_is_an_edit(notes: Annotations):
    notes.put(edit("five"))
    gone = notes.delete("abc", 3, 7, version=1, author="bob")
    assert gone.version == 2
    assert notes.get("abc", 3, 7) is None
    assert notes.list("abc") == []
    assert [r.label for r in notes.history("abc", 3, 7)] == ["five", ""]
    with pytest.raises(EditConflict):
        notes.put(edit("late edit of what is gone", version=1))
    again = notes.put(edit("six"))  # of one who sees that there is nothing
    assert again.version == 3


def test_lists_are_by_dictionary_encoder_and_feature(notes: Annotations):
    for dictionary, encoder, feature in [("b", 0, 1), ("a", 1, 5), ("a", 0, 9), ("a", 0, 2)]:
        key = {"dictionary": dictionary, "encoder": encoder, "feature": feature}
        notes.put(AnnotationIn(**key, label=f"{dictionary}{encoder}/{feature}"))
    assert [a.label for a in notes.list()] == ["a0/2", "a0/9", "a1/5", "b0/1"]
    assert [a.label for a in notes.list("a", 0)] == ["a0/2", "a0/9"]
    assert [a.label for a in notes.list("a", 1, 5)] == ["a1/5"]
    assert notes.labels("a") == {(0, 2): "a0/2", (0, 9): "a0/9", (1, 5): "a1/5"}


def test_a_note_alone_is_no_label(notes: Annotations):
    notes.put(edit(note="odd one"))
    assert notes.labels("abc") == {}
    assert len(notes.list("abc")) == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("STRASSE", ["Straße 100%"]),
        ("100%", ["Straße 100%"]),
        ("%", ["Straße 100%"]),
        ("été", ["Été"]),
        ("e\u0301te\u0301", ["Été"]),  # the same letters, written with combining accents
        ("from a note", ["Été"]),
        ("_", []),
        ("gone", []),
    ],
)
def test_search_needs_no_case(notes: Annotations, text: str, found: list[str]):
    notes.put(edit("Straße 100%", feature=1))
    notes.put(edit("Été", feature=2, note="found only From A Note"))
    notes.put(edit("gone", feature=3))
    notes.delete("abc", 3, 3, version=1)
    assert [a.label for a in notes.search(text)] == found


def test_search_shows_the_latest_first(notes: Annotations):
    for feature in (1, 2, 3):
        notes.put(edit(f"dog {feature}", feature=feature))
    notes.put(edit("other dog", feature=4, dictionary="other"))
    notes.put(edit("dog 1 again", version=1, feature=1))
    assert [a.label for a in notes.search("dog", "abc", limit=2)] == ["dog 1 again", "dog 3"]


@pytest.mark.parametrize(
    "fields",
    [
        {"label": "x" * 501},
        {"label": "a\x00b"},
        {"note": "\ud800"},
        {"rating": 6},
        {"rating": 0},
        {"feature": -1},
        {"feature": 2**31},
        {"dictionary": ""},
        {"version": -1},
    ],
)
def test_what_a_database_could_not_hold_is_refused_before(fields: dict):
    with pytest.raises(ValidationError):
        AnnotationIn(**{"dictionary": "abc", "encoder": 3, "feature": 7, **fields})


def test_the_longest_texts_fit(notes: Annotations):
    longest = edit(
        "語" * 500, note="🙂" * 20_000, author="ß" * 100, dictionary="d" * 200, feature=2**31 - 1
    )
    made = notes.put(longest)
    assert notes.get("d" * 200, 3, 2**31 - 1) == made


def group(members: list[str], version: int = 0, name: str = "sum", **fields) -> SupernodeIn:
    return SupernodeIn(graph="graph", name=name, members=members, version=version, **fields)


def test_supernodes_are_kept_by_graph_and_name(notes: Annotations, opened: Open):
    made = notes.put_supernode(group(["L3/127@4", "L2/5@4"], note="adds", author="ada"))
    other = notes.put_supernode(group(["L0/1@1"], name="Ångström"))
    notes.put_supernode(SupernodeIn(graph="another", name="sum", members=["L1/1@1"]))
    assert opened().supernodes("graph") == [made, other]
    assert notes.supernode("graph", "sum") == made


def test_supernodes_have_versions_too(notes: Annotations):
    first = notes.put_supernode(group(["a"]))
    with pytest.raises(EditConflict) as e:
        notes.put_supernode(group(["b"]))
    assert isinstance(e.value.current, Supernode)
    assert e.value.current == first
    notes.put_supernode(group([], version=1))
    assert notes.supernodes("graph") == []
    assert [r.members for r in notes.supernode_history("graph", "sum")] == [["a"], []]


def test_a_whole_database_moves(notes: Annotations, tmp_path):
    from microtome.annotation import open_annotations

    notes.put(edit("five"))
    notes.put(edit("ends in 5", version=1, author="bob"))
    notes.put(edit("gone", feature=8))
    notes.delete("abc", 3, 8, version=1)
    notes.put_supernode(group(["a", "b"]))
    document = notes.export_json()
    with open_annotations(tmp_path / "other.sqlite") as other:
        assert other.import_json(document).added == 3
        assert other.export_json() == document
        assert isinstance(other.get("abc", 3, 7), Annotation)
        assert other.search("ends in")[0].author == "bob"
        assert other.import_json(document).same == 3
