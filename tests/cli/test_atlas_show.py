"""`microtome atlas show` and `atlas search`, on the bundled atlas and on a small one."""

import json
from pathlib import Path

import pytest

from microtome.specimen import load_atlas
from tests.atlas.atlases import write_atlas
from tests.cli.conftest import Run


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("atlases") / "small"
    write_atlas(path, encoders=2, features=40)
    return path


def test_a_feature_of_the_adder(run: Run):
    result = run("atlas", "show", "specimen:adder", "L2/138")
    assert result.code == 0 and result.err == ""
    label = load_atlas("specimen:adder").row(2, 138).label
    assert label == "sum ends in 5" and f"L2/138   {label}" in result.out and "“135”" in result.out
    assert "blocks.2.mlp.in" in result.out
    assert max(map(len, result.out.splitlines())) <= 100


def test_the_page_as_json_is_the_atlas_own(run: Run):
    result = run("atlas", "show", "specimen:adder", "L2/138", "--json")
    assert json.loads(result.out) == load_atlas("specimen:adder").page(2, 138).model_dump()


def test_fewer_examples(run: Run, small: Path):
    many = run("atlas", "show", small, "L2/0")
    few = run("atlas", "show", small, "L2/0", "--examples", 1)
    assert len(few.out) < len(many.out) and few.code == 0


def test_search_by_label_token_and_likeness(run: Run, small: Path):
    found = run("atlas", "search", small, "--label", "ends in 3", "--json")
    rows = json.loads(found.out)["Labels with “ends in 3”"]["rows"]
    assert rows and all("ends in 3" in row["label"] for row in rows)
    shown = run("atlas", "search", small, "--label", "ends in 3", "--limit", 1)
    assert shown.code == 0 and rows[0]["name"] in shown.out
    token = run("atlas", "search", small, "--token", "dog")
    assert "Active on “dog”" in token.out and "Promote “dog”" in token.out
    similar = run("atlas", "search", small, "--similar", "L3/4")
    assert "Write like L3/4" in similar.out and "Are active like L3/4" in similar.out
    none = run("atlas", "search", small, "--label", "zebra")
    assert none.code == 0 and "none" in none.out


def test_features_on_a_text_of_the_adder(run: Run):
    result = run("atlas", "search", "specimen:adder", "--text", "36 + 59 =", "--json")
    rows = json.loads(result.out)["Features on this text"]["rows"]
    assert result.code == 0 and len(rows) == 15
    assert all(row["density"] > 0 and row["score"] > 0 for row in rows)
    assert any("36" in row["label"] for row in rows)
    shown = run("atlas", "search", "specimen:adder", "--text", "36 + 59 =").out
    assert "score" in shown.splitlines()[1] and "3 “59”" in shown
    assert all(row["name"] in shown for row in rows)
    assert "not counted: what is active on “<s>”" in shown


def test_one_phrase_in_three_wordings_finds_the_same(run: Run):
    lists = []
    for phrase in ("sum ending in 5", "sums ending in 5", "sum ends in 5"):
        found = run("atlas", "search", "specimen:adder", "--label", phrase, "--json")
        lists += json.loads(found.out).values()
    assert lists[0] == lists[1] == lists[2]
    assert "L2/914" in [row["name"] for row in lists[0]["rows"][:3]]


def test_bad_input_is_one_sentence(run: Run, small: Path):
    for arguments, words in (
        (("show", small / "none", "L0/1"), "does not exist"),
        (("show", small, "dog"), "not a feature's name"),
        (("show", small, "L2/4000"), "no feature L2/4000"),
        (("show", "specimen:abacus", "1"), "unknown specimen"),
        (("search", small), "search for one thing"),
        (("search", small, "--label", " "), "nothing to search for"),
        (("search", small, "--label", "a", "--token", "b"), "search for one thing"),
        (("search", small, "--token", "zebra"), "no token"),
        (("search", small, "--token", ""), "--token has nothing to search for"),
        (("search", "specimen:adder", "--text", "36 + " * 100), "tokens"),
        (("search", "specimen:adder", "--text", "dog"), "vocabulary"),
        (("search", "specimen:adder", "--text", "1 + 2 =", "-d", "specimen:adder/plt"), "--dict"),
    ):
        result = run("atlas", *arguments)
        assert result.code == 2 and words in result.err, result.err
        assert result.out == "" and result.err.count("\n") == 1


def test_errors_are_no_longer_than_a_reader_reads(run: Run, small: Path):
    book = "x" * 50_000
    for arguments in (
        ("show", small, "--", book),
        ("show", small, "L0/" + "9" * 50_000),
        ("search", small, "--token", book),
        ("search", small, "--similar", book),
        ("show", book, "L0/1"),
    ):
        result = run("atlas", *arguments)
        assert result.code == 2 and len(result.err) < 2100, (arguments[0], len(result.err))


def test_a_text_through_another_model_is_refused(run: Run, model_folder: Path):
    text = ("--text", "36 + 59 =", "--model", model_folder)
    result = run("atlas", "search", "specimen:adder", *text)
    assert result.code == 2 and "is not the model of this atlas" in result.err
    assert result.out == ""
