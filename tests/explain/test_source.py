"""Material comes from a real atlas, and its windows are truly without the feature."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from microtome.atlas.query import open_atlas
from microtome.errors import MicrotomeError
from microtome.explain import (
    AtlasSource,
    ExplainOptions,
    active_features,
    drawn,
    explain_atlas,
    labels_of,
    read_labels,
)
from tests.atlas.builds import account, blocks, dictionary, model
from tests.explain.minds import Mind, guesser, yes_sayer


def test_absent_windows_are_those_in_which_a_plain_run_finds_nothing(atlas: Path):
    of = model()
    found, _ = account(of, dictionary(of), blocks())
    opened = open_atlas(atlas)
    source, strings = AtlasSource(opened), opened.strings
    rows = pq.read_table(atlas / "windows.parquet").to_pylist()
    seen = 0
    for number, activations in enumerate(found):
        key = (number // 5, number % 5)
        texts = {
            tuple(strings[t] for t in row["tokens"]) for row in rows if number not in row["active"]
        }
        material = source.material(key, ExplainOptions())
        assert all(any(text[: len(w)] == w for text in texts) for w in material.absent)
        assert len(material.absent) <= len(material.held_out)
        there = {(a.row, a.position) for a in activations}
        for row in rows:
            inside = any(
                list(tokens[row["position"] : row["position"] + len(row["tokens"])])
                == row["tokens"]
                and row["position"] <= at < row["position"] + len(row["tokens"])
                for tokens, at in there
            )
            assert inside == (number in row["active"])
            seen += inside
    assert seen > 20


def test_features_by_how_often_they_were_active(atlas: Path):
    of = model()
    found, _ = account(of, dictionary(of), blocks())
    counts = {(i // 5, i % 5): len(a) for i, a in enumerate(found) if a}
    keys = active_features(open_atlas(atlas))
    assert set(keys) == set(counts)
    assert [counts[key] for key in keys] == sorted(counts.values(), reverse=True)


def test_some_at_random_are_the_same_again():
    keys = [(0, i) for i in range(50)]
    some = drawn(keys, 10, 0)
    assert some == drawn(keys, 10, 0) != drawn(keys, 10, 1)
    assert len(set(some)) == 10
    assert drawn(keys, 99, 0) == keys


def test_labels_beside_an_atlas_are_its_labels(atlas: Path):
    assert labels_of(atlas) == {}
    opened = open_atlas(atlas)
    keys = active_features(opened)[:3]
    explain_atlas(atlas, AtlasSource(opened), keys, Mind(yes_sayer))
    assert labels_of(atlas) == dict.fromkeys(keys, ("everything", "model"))
    page = opened.page(*keys[0], labels=labels_of(atlas))
    assert (page.label, page.label_source) == ("everything", "model")


def test_those_of_another_dictionary_are_not(atlas: Path):
    explain_atlas(atlas, AtlasSource(open_atlas(atlas)), [(0, 0)], Mind(guesser))
    manifest = atlas / "manifest.json"
    fingerprint = dictionary(model()).fingerprint
    assert fingerprint in manifest.read_text()
    manifest.write_text(manifest.read_text().replace(fingerprint, "0" * 16))
    assert labels_of(atlas) == {}


def test_without_windows_there_are_labels_but_no_scores(atlas: Path):
    path = atlas / "windows.parquet"
    empty = pq.read_table(path).slice(0, 0)
    before = path.stat().st_size
    pq.write_table(empty, path)
    manifest = atlas / "manifest.json"
    manifest.write_text(manifest.read_text().replace(str(before), str(path.stat().st_size)))
    opened = open_atlas(atlas)
    with pytest.raises(MicrotomeError, match=r"no random windows.*--scored 0"):
        AtlasSource(opened)
    source = AtlasSource(opened, scores=False)
    keys = active_features(opened)[:1]
    explain_atlas(atlas, source, keys, mind := Mind(yes_sayer), options=ExplainOptions(scored=0))
    assert len(mind.asked) == 1
    (label,) = read_labels(atlas.with_name("atlas-labels")).values()
    assert (label.label, label.problem) == ("everything", "scores were not asked for")
