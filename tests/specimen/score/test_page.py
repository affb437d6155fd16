"""The page of a scoreboard has every figure, at its place, and nothing of the names is HTML."""

import re
from html import unescape

from microtome.specimen.score.page import page
from microtome.specimen.score.result import (
    MEASURES,
    Outcome,
    Score,
    Scoreboard,
    Scored,
    mean_of,
    tabulate,
)
from microtome.specimen.score.words import COLUMNS, number

HOSTILE = "<script>alert(1)</script>\"'&"


def scored(truth: str, value: float) -> Scored:
    outcomes = (
        Outcome("concepts", "topk", "dictionary", {"coverage": value, "l0": 14.2, "fvu": 0.3},
                {"carry": value}),
        Outcome("concepts", "PCA", "method", {"coverage": 0.11}),
        Outcome("concepts", "random dictionary", "random", {"coverage": 0.12}),
        Outcome("concepts", "shuffled labels", "shuffled", {"coverage": 0.01}),
        Outcome("concepts", "linear probe", "ceiling", {"coverage": 1.0}),
        Outcome("interventions", "topk", "dictionary", {"effect_r2": -3.5}),
        Outcome("edges", "graphs of a PLT", "method", {"auroc": 0.75, "auroc_shown": 0.8}),
    )  # fmt: skip
    return Scored(truth, outcomes, {"concepts": {"coverage": 0.1}, "edges": {"auroc": 0.5}})


def board(*truths: str) -> Scoreboard:
    tables = []
    for truth in truths:
        tables += tabulate(truth, [scored(truth, 0.2), scored(truth, 0.3)])
    return Scoreboard(tuple(tables), (0, 1), {"truths": list(truths)})


def test_every_table_and_figure_is_there():
    made = board("synthetic", "clerk/hidden")
    text = page(made)
    assert re.findall(r'<section id="(table-\d)">', text) == [f"table-{i}" for i in range(6)]
    assert re.findall(r'<a href="#(table-\d)">', text) == [f"table-{i}" for i in range(6)]
    for table in made.tables:
        for row in table.rows:
            assert f"<td>{row.method}</td>" in text
            for key, score in row.figures.items():
                digits = 1 if key == "l0" else 3
                assert f"<td>{number(score, digits=digits)}</td>" in text
                assert MEASURES[key][1:] in unescape(text)
    assert "Coverage by variable" in text


def test_dots_are_where_the_figures_are():
    text = page(board("sort"))
    assert '<svg class="mark subject" x="25.0%"' in text
    assert re.findall(r'class="seed subject" cx="([\d.]+)%"', text)[:2] == ["20.0", "30.0"]
    assert '<line class="chance" x1="10.0%"' in text
    assert (
        "<title>topk: coverage 0.250\n95% interval: −0.385 to 0.885\nseeds: 0.200, 0.300</title>"
        in text
    )
    damage = text.split("effect R²", 1)[1]
    assert 'class="mark subject" x="0.0%"' in damage and ">−3.500<" in damage


def test_what_stands_beside_dictionaries_looks_different():
    text = page(board("sort"))
    dots = text.split("Known concepts", 1)[0]
    for mark in ("subject", "other", "random", "control", "ceiling"):
        assert f'<svg class="mark {mark}" x="8" y="8">' in dots  # in the legend
        assert f'<svg class="mark {mark}" x="' in dots.split("</ul>")[1]
    edges = text.split("attribution graphs against the circuit", 2)[-1]
    assert '<svg class="mark subject"' in edges and '<svg class="mark other"' not in edges


def test_circuits_are_shown_below_their_mean():
    tables = []
    parts = [[scored(name, v) for v in (0.2, 0.3)] for name in ("sort", "carry")]
    for name, by_seed in zip(("sort", "carry"), parts, strict=True):
        tables += tabulate(name, by_seed)
    tables += tabulate("compiled", [mean_of("compiled", both) for both in zip(*parts, strict=True)])
    text = page(Scoreboard(tuple(tables), (0, 1), {}))
    assert re.findall(r"<section[^>]*><h2>(\w+):", text) == ["compiled"] * 3
    assert text.count("<summary>sort</summary>") == text.count("<summary>carry</summary>") == 3
    assert "coverage by circuit" in text and "Means over 2 circuits." in text


def test_one_seed_has_no_interval():
    one = Scoreboard(tuple(tabulate("sort", [scored("sort", 0.2)])), (0,), {})
    text = page(one)
    assert "one seed: no interval" in text
    assert 'class="interval' not in text and 'class="seed' not in text


def test_names_are_escaped_and_nothing_is_loaded():
    outcomes = (Outcome("concepts", HOSTILE, "dictionary", {"coverage": 0.5}, {HOSTILE: 0.5}),)
    tables = tabulate(HOSTILE, [Scored(HOSTILE, outcomes, {})])
    text = page(Scoreboard(tuple(tables), (0,), {HOSTILE: HOSTILE}, (HOSTILE,)))
    assert "<script" not in text
    assert unescape(text).count(HOSTILE) > 5
    assert not re.search(r'https?:|(src|href)="(?!#)', text)
    for tag in ("section", "table", "tr", "td", "div", "svg", "details", "figure", "p"):
        assert len(re.findall(f"<{tag}[ >]", text)) == text.count(f"</{tag}>"), tag


def test_every_measure_has_a_column():
    assert set(COLUMNS) == set(MEASURES)
    assert number(Score(0.5, (0.5,))) == "0.500"
