"""Reading an atlas: pages, lists and maps say what lies in the files; damage is named."""

import json
import os
import threading

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from microtome.atlas.query import Atlas, open_atlas
from microtome.atlas.schema import CLUSTERS, EXAMPLES, FEATURES, MAP, VOCABULARY
from microtome.errors import MicrotomeError
from tests.atlas.atlases import STRINGS, example_table, feature_table, write_atlas
from tests.privileges import as_any_user


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("atlases") / "atlas"
    write_atlas(path, encoders=2, features=3000)  # several row groups, ids across their borders
    return path


@pytest.fixture(scope="module")
def atlas(folder) -> Atlas:
    return open_atlas(folder)


@pytest.mark.parametrize("number", [0, 1, 1023, 1024, 2047, 3000, 5998])
def test_a_page_is_what_the_files_say(atlas: Atlas, number: int):
    page = atlas.page(number // 3000, number % 3000)
    row = feature_table(atlas.content, 0, 6000).slice(number, 1).to_pylist()[0]
    assert page.id == number and page.name == f"L{number // 3000 + 2}/{number % 3000}"
    assert page.density == pytest.approx(row["density"])
    assert page.label == row["label"] == page.automatic_label
    assert page.histogram.counts == row["histogram"]
    assert page.quantiles["0.5"] == pytest.approx(0.9)
    assert [t.token for t in page.top_logits] == row["top_tokens"]
    assert [t.text for t in page.top_logits] == [STRINGS[t] for t in row["top_tokens"]]
    assert page.active_tokens[0].rate == pytest.approx(row["active_rates"][0], rel=1e-4)
    assert [n.id for n in page.decoder_neighbours] == row["decoder_neighbours"]
    assert page.coactive_neighbours[0].score == pytest.approx(row["coactive_scores"][0])
    assert page.site == f"blocks.{number // 3000 + 2}.mlp.in"

    found = example_table(0, 6000).to_pylist()
    expected = [e for e in found if e["id"] == number]
    shown = [example for band in page.bands for example in band.examples]
    assert len(shown) == len(expected) == 4
    for example, row in zip(shown, expected, strict=True):
        assert example.tokens == [STRINGS[t] for t in row["tokens"]]
        assert example.values == pytest.approx(row["values"], rel=1e-4)
        assert example.peak == row["peak"]
    assert [band.name for band in page.bands] == ["top", "50% to 100%", "0% to 50%"]
    for band in page.bands:
        assert band.low == min(e.activation for e in band.examples)


def test_a_feature_that_never_fired_has_a_page(atlas: Atlas):
    page = atlas.page(0, 9)
    assert page.bands == [] and page.density == 0
    assert page.automatic_score == page.automatic_score or page.automatic_score is None


def test_places_on_the_map(atlas: Atlas):
    assert atlas.page(0, 7).x is None and atlas.page(0, 7).cluster is None
    page = atlas.page(0, 8)  # 8 % 3 - 1 = 1
    assert page.x == pytest.approx(8 / 6000) and page.cluster_label == "second cluster"
    found = atlas.map()
    assert len(found.id) == len(found.label) == 6000 - len(range(0, 6000, 7))
    assert found.clusters[0].label == "first cluster"
    at = found.id.index(3006)
    assert (found.encoder[at], found.feature[at]) == (1, 6) and found.label[at].startswith("sum")


def test_lists_are_sorted_filtered_and_cut(atlas: Atlas):
    density = feature_table(atlas.content, 0, 6000)["density"].to_numpy()
    first = atlas.rows("-density", limit=5)
    assert first.total == 6000
    assert [row.id for row in first.rows] == np.argsort(-density)[:5].tolist()
    second = atlas.rows("-density", limit=5, offset=5)
    assert [row.id for row in second.rows] == np.argsort(-density)[5:10].tolist()
    rising = atlas.rows("density", limit=1000)
    shown = [row.density for row in rising.rows]
    assert shown == sorted(shown) and shown[0] > 0, "those that never fire come last"
    assert atlas.rows("density", offset=5990).rows[-1].density == 0
    layer = atlas.rows(layer=3)
    assert layer.total == 3000 and layer.rows[0].id == 3000
    assert atlas.rows(cluster=1, limit=3).rows[0].id == 2
    text = atlas.rows("id", text="ENDS in 5")
    assert all("ends in 5" in row.label for row in text.rows)
    assert text.total == sum(i % 3 == 0 and i % 10 == 5 for i in range(6000))
    labels = [row.label for row in atlas.rows("label", limit=1000).rows]
    assert labels == sorted(labels, key=str.lower) and labels[0]
    assert atlas.rows(offset=10_000).rows == []
    assert atlas.rows(text="L3/12").rows[0].id == 3012


def test_labels_of_people_take_the_place_of_those_of_the_atlas(atlas: Atlas):
    labels = {(0, 5): ("my carry", "person"), (1, 0): ("", "person"), (7, 0): ("gone", "person")}
    row = atlas.row(0, 5, labels)
    assert (row.label, row.label_source) == ("my carry", "person")
    page = atlas.page(0, 5, labels)
    assert page.label == "my carry" and page.automatic_label != "my carry"
    assert [r.id for r in atlas.rows(text="carry", labels=labels).rows] == [5]
    assert atlas.rows(text="carry").total == 0
    assert 3000 not in [r.id for r in atlas.search_label("sum ends in 0", 1000, labels).rows]
    assert atlas.search_label("carry", labels=labels).rows[0].id == 5
    mapped = atlas.map(labels)
    assert mapped.label[mapped.id.index(5)] == "my carry"
    assert atlas.map().label[mapped.id.index(5)] != "my carry"
    first = atlas.rows("-label", labels={(0, 0): ("～last", "person")}).rows[0]
    assert first.id == 0


def test_names(atlas: Atlas, tmp_path):
    assert atlas.parse_name("L3/127") == atlas.parse_name(" l3/127 ") == (1, 127)
    assert atlas.parse_name("1/127") == (1, 127)
    for text, words in {
        "127": "which of 2 encoders",
        "L9/1": "reads layer 9",
        "L3/3000": "0 to 2999",
        "5/1": "no encoder 5",
        "dog": "not a feature's name",
        "": "not a feature's name",
        "1/-3": "not a feature's name",
    }.items():
        with pytest.raises(MicrotomeError, match=words):
            atlas.parse_name(text)
    write_atlas(tmp_path / "same", encoders=2, features=10, same_layer=True)
    same = open_atlas(tmp_path / "same")
    assert same.row(1, 3).name == "1/3" and same.parse_name("1/3") == (1, 3)
    with pytest.raises(MicrotomeError, match="all read layer 0"):
        same.parse_name("L0/3")
    write_atlas(tmp_path / "one", encoders=1, features=10)
    assert open_atlas(tmp_path / "one").parse_name("7") == (0, 7)


def test_features_that_are_not_there(atlas: Atlas):
    for encoder, feature in ((2, 0), (0, 3000), (-1, 0), (0, -1)):
        with pytest.raises(MicrotomeError, match="no feature"):
            atlas.page(encoder, feature)
    with pytest.raises(MicrotomeError, match="cannot sort by 'size'"):
        atlas.rows("size")


def test_threads_share_an_atlas(folder):
    atlas = open_atlas(folder)
    wrong: list[object] = []

    def read(start: int) -> None:
        try:
            for number in range(start, 6000, 611):
                page = atlas.page(number // 3000, number % 3000)
                if page.id != number or any(e.peak != 3 for b in page.bands for e in b.examples):
                    wrong.append(number)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=read, args=(i * 7,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_what_is_no_atlas_is_told(tmp_path):
    with pytest.raises(MicrotomeError, match="does not exist"):
        open_atlas(tmp_path / "none")
    path = tmp_path / "atlas"
    write_atlas(path)
    manifest = path / "manifest.json"
    text = manifest.read_text()
    manifest.write_text(json.dumps(json.loads(text) | {"schema_version": 99}))
    with pytest.raises(MicrotomeError, match="newer microtome"):
        open_atlas(path)
    manifest.write_text(json.dumps(json.loads(text) | {"kind": "graph"}))
    with pytest.raises(MicrotomeError, match="holds a graph"):
        open_atlas(path)
    broken = json.loads(text)
    del broken["content"]["encoders"]
    manifest.write_text(json.dumps(broken))
    with pytest.raises(MicrotomeError, match="field 'encoders'"):
        open_atlas(path)


@pytest.mark.parametrize("name", [FEATURES, EXAMPLES, MAP, CLUSTERS, VOCABULARY])
def test_damaged_files_are_named(tmp_path, name: str):
    path = tmp_path / "atlas"
    write_atlas(path)
    file = path / name
    whole = file.read_bytes()
    file.write_bytes(b"\0" * len(whole))
    with pytest.raises(MicrotomeError, match=f"{name} is damaged"):
        open_atlas(path).page(0, 1)
    file.write_bytes(whole[:-10])
    with pytest.raises(MicrotomeError, match="incomplete"):
        open_atlas(path)


def test_a_file_that_may_not_be_read_is_not_called_damaged(tmp_path):
    path = tmp_path / "atlas"
    write_atlas(path)
    with as_any_user():
        (path / FEATURES).chmod(0)
        with pytest.raises(MicrotomeError, match=f"{FEATURES} cannot be read: .*denied"):
            open_atlas(path)


def test_an_atlas_of_features_that_were_never_active_opens(tmp_path):
    path = tmp_path / "atlas"
    write_atlas(path)
    pq.write_table(example_table(0, 0), path / EXAMPLES)
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["files"][EXAMPLES] = (path / EXAMPLES).stat().st_size
    (path / "manifest.json").write_text(json.dumps(manifest))
    assert open_atlas(path).page(0, 1).name == "L2/1"


def test_a_file_with_fewer_features_than_the_manifest_says(tmp_path):
    path = tmp_path / "atlas"
    what = write_atlas(path)
    pq.write_table(feature_table(what, 0, 10), path / FEATURES)
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["files"][FEATURES] = (path / FEATURES).stat().st_size
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(MicrotomeError, match="has 10 features, but the manifest says 80"):
        open_atlas(path)


def test_a_file_that_is_cut_off_under_a_reader(tmp_path):
    write_atlas(tmp_path / "atlas", encoders=2, features=3000)
    opened = open_atlas(tmp_path / "atlas")
    opened.page(0, 1)
    for name in (FEATURES, EXAMPLES):
        os.truncate(tmp_path / "atlas" / name, 100)
    with pytest.raises(MicrotomeError, match=f"{FEATURES} is damaged"):
        opened.page(1, 2999)


def test_a_map_of_features_that_are_not_there(tmp_path):
    path = tmp_path / "atlas"
    write_atlas(path)
    table = pq.read_table(path / MAP)
    pq.write_table(
        table.set_column(0, "id", pa.array([10**6] * len(table), pa.int32())), path / MAP
    )
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["files"][MAP] = (path / MAP).stat().st_size
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(MicrotomeError, match="ids of no feature"):
        open_atlas(path).map()
