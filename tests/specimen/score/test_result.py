"""Figures over seeds, and means over circuits."""

import json
from io import StringIO

import pytest
from rich.console import Console

from microtome.artifact import read_manifest
from microtome.errors import MicrotomeError
from microtome.specimen.score import (
    Scoreboard,
    ScoreOptions,
    quick,
    save_scoreboard,
    show_scoreboard,
    to_json,
)
from microtome.specimen.score.page import page
from microtome.specimen.score.result import Outcome, Scored, mean_of, over_seeds, tabulate


def scored(truth: str, value: float) -> Scored:
    outcomes = (
        Outcome("concepts", "topk", "dictionary", {"coverage": value}, {"carry": value}),
        Outcome("concepts", "linear probe", "ceiling", {"coverage": 1.0}),
    )
    return Scored(truth, outcomes, {"concepts": {"coverage": 0.1}})


def test_intervals_are_those_of_student():
    score = over_seeds([0.4, 0.5, 0.6])
    assert score.value == pytest.approx(0.5)
    assert score.high is not None
    assert score.high - score.value == pytest.approx(4.302653 * 0.1 / 3**0.5, rel=1e-5)
    assert over_seeds([0.4]).high is None


def test_rows_keep_their_order_and_what_is_undefined_is_absent():
    first = Outcome("edges", "plt", "method", {"matched": 0.5})
    second = Outcome("edges", "plt", "method", {"matched": 0.7, "auroc": 0.9})
    both = [Scored("sort", (one,), {"edges": {"auroc": 0.5}}) for one in (first, second)]
    (table,) = tabulate("sort", both)
    figures = table.rows[0].figures
    assert figures["auroc"].seeds == (0.9,)
    assert figures["matched"].value == pytest.approx(0.6)
    assert table.chance["auroc"].value == 0.5


def test_means_over_circuits_are_taken_seed_by_seed():
    by_seed = [
        mean_of("compiled", [scored("sort", a), scored("carry", b)])
        for a, b in ((0.2, 0.4), (0.4, 0.6))
    ]
    (table,) = tabulate("compiled", by_seed)
    assert table.rows[0].figures["coverage"].seeds == pytest.approx((0.3, 0.5))
    assert table.rows[0].figures["coverage"].low is not None


def board() -> Scoreboard:
    tables = []
    for name in ("sort", "carry"):
        tables += tabulate(name, [scored(name, 0.2), scored(name, 0.3)])
    means = [mean_of("compiled", [scored("sort", v), scored("carry", v)]) for v in (0.2, 0.3)]
    tables += tabulate("compiled", means)
    return Scoreboard(tuple(tables), (0, 1), {"truths": ["sort", "carry"]}, ("no clerk",))


def test_the_artifact_holds_json_and_the_tables(tmp_path):
    save_scoreboard(board(), tmp_path / "score")
    assert read_manifest(tmp_path / "score", "score").content == {
        "truths": ["sort", "carry", "compiled"]
    }
    document = json.loads((tmp_path / "score" / "results.json").read_text(encoding="utf-8"))
    assert document == json.loads(json.dumps(to_json(board())))
    assert document["tables"][0]["rows"][0]["variables"]["carry"]["seeds"] == [0.2, 0.3]
    text = (tmp_path / "score" / "report.txt").read_text(encoding="utf-8")
    assert "compiled: known concepts" in text
    assert (tmp_path / "score" / "report.html").read_text(encoding="utf-8") == page(board())
    assert "report.html" in read_manifest(tmp_path / "score").files
    with pytest.raises(MicrotomeError, match="exists"):
        save_scoreboard(board(), tmp_path / "score")


def test_tables_fit_a_hundred_columns():
    text = StringIO()
    show_scoreboard(board(), Console(file=text, width=100))
    shown = text.getvalue()
    assert max(map(len, shown.splitlines())) <= 100
    assert "by circuit" in shown
    assert "0.250 ±.635" in shown
    assert "Note: no clerk" in shown


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"rows": 2}, "rows is 2"),
        ({"seeds": (1, 1)}, "each once"),
        ({"seeds": ()}, "at least one"),
        ({"architectures": ("topkk",)}, "unknown architecture 'topkk'"),
    ],
)
def test_options_that_cannot_be_are_refused(wrong: dict, message: str):
    with pytest.raises(MicrotomeError, match=message):
        ScoreOptions(**wrong)


def test_quick_options_are_one_seed():
    assert quick(ScoreOptions()).seeds == (0,)
