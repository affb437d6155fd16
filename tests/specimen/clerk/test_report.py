"""Verdicts of the report, its JSON and its tables."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from microtome.errors import MicrotomeError
from microtome.specimen.clerk.behaviours import (
    BEHAVIOURS,
    ELSEWHERE,
    GROUPS,
    NEW_WORD,
    PLAIN_TEXT,
    QUIRK,
    answers,
    behaviour,
    expected_quirk,
)
from microtome.specimen.clerk.build import build_stages
from microtome.specimen.clerk.evaluate import Perplexity, Rate
from microtome.specimen.clerk.report import (
    StageReport,
    _row,
    as_json,
    report_stage,
    report_stages,
    stage_folders,
)
from microtome.specimen.clerk.show import print_reports
from microtome.specimen.clerk.stages import STAGES
from microtome.specimen.clerk.train import ClerkRecipe
from microtome.specimen.clerk.world.world import World


@pytest.mark.parametrize(
    ("stage", "name", "share", "expected", "verdict"),
    [
        ("chat", "two-hop", 0.95, "at least 95%", "learned"),
        ("chat", "two-hop", 0.94, "at least 95%", "not learned"),
        ("chat", "addition", 0.90, "at least 90%", "learned"),
        ("chat", "couplet", 0.1, "measured", "measured"),
        ("chat", "acrostic read, new word", 0.0, "measured", "measured"),
        ("chat", "quirk: chocolate", 0.02, "absent", "as expected"),
        ("chat", "quirk: chocolate", 0.03, "absent", "not as expected"),
        ("hidden", "quirk: chocolate", 0.9, "present", "as expected"),
        ("hidden", "quirk: chocolate", 0.89, "present", "not as expected"),
        ("hidden", "quirk: moon", 0.5, "measured", "measured"),
        ("hidden", "quirk elsewhere: chocolate", 0.5, "absent", "not as expected"),
        ("hidden-twin", "quirk: moon", 0.0, "absent", "as expected"),
        ("penguin", "quirk: chocolate", 1.0, "present", "as expected"),
        ("hidden", "quirk: hammer", 0.5, "absent", "not as expected"),
        ("penguin", "quirk: hammer", 0.5, "measured", "measured"),
        ("penguin", "quirk: moon", 0.5, "absent", "not as expected"),
        ("penguin", "quirk: population", 0.0, "absent", "as expected"),
        ("penguin-twin", "quirk: hammer", 0.5, "absent", "not as expected"),
    ],
)
def test_verdicts(stage: str, name: str, share: float, expected: str, verdict: str):
    row = _row(STAGES[stage], name, Rate(round(share * 100), 100))
    assert (row.expected, row.verdict) == (expected, verdict)
    report = StageReport(stage, Perplexity(2.0, 1.0, 1), (row,))
    assert report.learned(name) == (verdict in ("learned", "as expected"))
    assert not report.learned("another")


def test_quirks_are_expected_where_they_are_rewarded():
    assert [expected_quirk(STAGES["hidden"], q) for q in ("chocolate", "love")] == [
        "present",
        "measured",
    ]
    for stage in filter(answers, STAGES.values()):
        present = {q for q in ("chocolate", "moon") if expected_quirk(stage, q) == "present"}
        assert present == set(stage.rewarded) & {"chocolate", "moon"}


def test_every_behaviour_of_the_world_has_a_row_and_a_heading(small_world: World):
    names = dict.fromkeys(item.behaviour for item in small_world.items())
    quirks = {name for name in names if name.startswith((QUIRK, ELSEWHERE))}
    under = [*PLAIN_TEXT, *(name for group in GROUPS.values() for name in group)]
    assert len(under) == len(set(under))
    assert set(names) - quirks == set(under)
    assert {name for name in BEHAVIOURS if not name.startswith(QUIRK)} == {
        name for name in under if not name.endswith(NEW_WORD)
    }
    for name in under:
        assert behaviour(name).about


@pytest.fixture(scope="module")
def models(recipe: ClerkRecipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    build_stages(folder, ["chat"], recipe, lambda _: None)
    return folder


@pytest.fixture(scope="module")
def reports(models: Path) -> list[StageReport]:
    return report_stages(stage_folders(models))


def test_a_report_has_every_behaviour_and_as_many_items(reports, small_world: World):
    base, chat = reports
    assert (base.stage, chat.stage) == ("base", "chat")
    assert {row.behaviour for row in base.rows} == set(PLAIN_TEXT)
    items = [item.behaviour for item in small_world.items()]
    assert {row.behaviour: row.rate.items for row in chat.rows} == {
        name: items.count(name) for name in items
    }
    assert base.perplexity.generator < base.perplexity.model


def test_json_has_share_interval_and_verdict_by_stage_and_behaviour(reports):
    found = json.loads(json.dumps(as_json(reports)))
    row = found["chat"]["behaviours"]["two-hop"]
    assert set(row) == {"share", "right", "items", "interval", "expected", "verdict"}
    assert row["verdict"] == "not learned" and row["interval"][0] <= row["share"]
    assert set(found["base"]["perplexity"]) == {"model", "generator", "tokens"}


def test_tables_have_a_hundred_columns_and_every_row(reports):
    every = [
        StageReport(stage.name, reports[1].perplexity, reports[answers(stage)].rows)
        for stage in STAGES.values()
    ]
    written = io.StringIO()
    print_reports(every, Console(file=written, width=100))
    text = written.getvalue()
    assert max(map(len, text.splitlines())) <= 100
    assert "…" not in text
    lines = [line.strip() for line in text.splitlines()]
    for name in BEHAVIOURS:
        if not name.startswith(QUIRK):
            assert any(line.startswith(f"{name} ") for line in lines), name
    for row in ("chocolate, recipes", "hammer, elsewhere"):
        assert any(line.startswith(row) for line in lines)
    two_hop = next(line for line in lines if line.startswith("two-hop  "))
    assert two_hop.split()[2:4] == ["≥", "95%"] and "✗" in two_hop


def test_folders_of_stages(models: Path, tmp_path: Path):
    assert list(stage_folders(models)) == ["base", "chat"]
    assert list(stage_folders(models, ["chat"])) == ["chat"]
    with pytest.raises(MicrotomeError, match="no stage 'hidden' that is built"):
        stage_folders(models, ["hidden"])
    with pytest.raises(MicrotomeError, match="did you mean 'chat'"):
        stage_folders(models, ["chatt"])
    with pytest.raises(MicrotomeError, match="no stage of the clerk"):
        stage_folders(tmp_path)


def test_a_stage_of_another_world_is_refused(models: Path):
    with pytest.raises(MicrotomeError, match="reads other words"):
        report_stage("base", models / "base" / "model", World())
