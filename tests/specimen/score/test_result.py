"""Figures over seeds, and means over circuits."""

import json
from io import StringIO

import pytest
from rich.console import Console

from microtome.artifact import read_manifest
from microtome.errors import MicrotomeError
from microtome.specimen.compiled import PROGRAMS
from microtome.specimen.score import (
    Scoreboard,
    ScoreOptions,
    quick,
    save_scoreboard,
    show_scoreboard,
    to_json,
)
from microtome.specimen.score.page import page
from microtome.specimen.score.result import (
    Outcome,
    Role,
    Scored,
    Task,
    distinct,
    mean_of,
    notes_on,
    over_seeds,
    tabulate,
)


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


def realistic(truth: str, value: float) -> Scored:
    """Every row and figure that a circuit has, with figures that differ from seed to seed."""
    concepts = {"coverage": value, "mcc": 1.1 * value, "l0": 14 + 20 * value, "fvu": value / 2}
    swapped = {"predicted": value, "kept": 1 - value, "effect_r2": -12 * value}
    edges = {"auroc": value, "auroc_shown": 0.9 * value, "matched": value, "variables": value}
    rows: list[tuple[Task, str, Role, dict[str, float]]] = [
        ("concepts", "random dictionary", "random", concepts),
        ("concepts", "specimen:clerk/hidden/sae", "dictionary", concepts),
        ("interventions", "truth's directions", "ceiling", swapped),
        ("edges", "graphs of a random PLT", "random", edges),
        ("edges", "exact PLT (neurons)", "ceiling", edges),
    ]
    chance: dict[Task, dict[str, float]] = {"concepts": concepts, "edges": edges}
    return Scored(truth, tuple(Outcome(*row) for row in rows), chance)


def directions(value: float) -> Scored:
    figures = {"mcc": value, "unique": value, "coverage": value, "l0": 50 * value, "fvu": value}
    row = Outcome("directions", "a dictionary with a long name", "random", figures)
    return Scored("synthetic", (row,), {"directions": figures})


def test_tables_fit_a_hundred_columns():
    """Six circuits, intervals of three seeds, the longest names: all of it, and nothing cut."""
    values = (0.217, 0.358, 0.425)
    tables = tabulate("synthetic", [directions(v) for v in values])
    for name in PROGRAMS:
        tables += tabulate(name, [realistic(name, v) for v in values])
    tables += tabulate(
        "compiled", [mean_of("compiled", [realistic(n, v) for n in PROGRAMS]) for v in values]
    )
    config = {"truths": ["synthetic", *PROGRAMS]}
    whole = Scoreboard(tuple(tables), (0, 1, 2), config, ("no clerk",))
    text = StringIO()
    show_scoreboard(whole, Console(file=text, width=100))
    shown = text.getvalue()
    assert max(map(len, shown.splitlines())) <= 100
    assert "…" not in shown
    assert shown.count("by circuit") == 3
    (header,) = {line for line in shown.splitlines() if line.split()[:1] == ["AUROC"]}
    assert header.split()[1:] == list(PROGRAMS)
    # mean 1/3, deviation 0.1062, times 4.3027 / 3 ** 0.5
    assert "0.333 ±.264" in shown
    assert "mean over 3 seeds ± half of its 95% interval" in shown
    assert "Note: no clerk" in shown


def test_splits_of_one_sample_have_no_interval():
    (table,) = tabulate("sort", [scored("sort", v) for v in (0.2, 0.3)], splits=True)
    for score in (table.rows[0].figures["coverage"], table.chance["coverage"]):
        assert (score.low, score.high) == (None, None)
    assert table.rows[0].figures["coverage"].value == pytest.approx(0.25)
    made = Scoreboard((table,), (0, 1), {"truths": ["sort"]}, splits=True)
    text = StringIO()
    show_scoreboard(made, Console(file=text, width=100))
    for shown in (text.getvalue(), page(made)):
        assert "mean over 2 splits of one sample, no interval" in shown
        assert "±" not in shown and "95%" not in shown
    assert to_json(made)["interval"] is None
    assert set(to_json(made)["tables"][0]["chance"]["coverage"]) == {"value", "seeds"}


def test_a_mean_hides_no_seed_that_diverged():
    by_seed = [scored("sort", v) for v in (0.2, float("nan"))]
    (table,) = tabulate("sort", by_seed)
    assert not table.rows[0].figures and not table.rows[0].detail
    assert table.rows[1].figures["coverage"].value == 1.0
    (means,) = tabulate("compiled", [mean_of("compiled", [s, scored("a", 0.1)]) for s in by_seed])
    assert not means.rows[0].figures
    assert notes_on("sort", by_seed) == [
        "topk on sort: coverage not finite with some seed, so left out"
    ]


def test_a_dictionary_that_is_called_like_a_baseline_is_told_apart():
    assert distinct("mine") == "mine"
    assert distinct("PCA") == "PCA (given)"
    assert distinct("topk", ("topk", "topk (given)")) == "topk (given) (given)"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"rows": 2}, "rows is 2"),
        ({"seeds": (1, 1)}, "each once"),
        ({"seeds": ()}, "at least one"),
        ({"architectures": ()}, "no architecture is given"),
        ({"architectures": ("topkk",)}, "unknown architecture 'topkk'"),
    ],
)
def test_options_that_cannot_be_are_refused(wrong: dict, message: str):
    with pytest.raises(MicrotomeError, match=message):
        ScoreOptions(**wrong)


def test_quick_options_are_one_seed():
    assert quick(ScoreOptions()).seeds == (0,)
