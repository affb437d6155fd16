"""The clerk's page has every behaviour of every stage, and marks what falls short."""

import re
from html import unescape

import pytest

from microtome.specimen.clerk import page as pages
from microtome.specimen.clerk.behaviours import (
    ELSEWHERE,
    GROUPS,
    NEW_WORD,
    PLAIN_TEXT,
    QUIRK,
    Behaviour,
)
from microtome.specimen.clerk.evaluate import Perplexity, Rate
from microtome.specimen.clerk.page import page
from microtome.specimen.clerk.report import Row, StageReport, _row
from microtome.specimen.clerk.stages import STAGES
from microtome.specimen.clerk.world.quirks import QUIRKS


def report(stage: str, **rates: Rate) -> StageReport:
    """All right but those that are given, by name with _ for a blank."""
    names = [*PLAIN_TEXT]
    if STAGES[stage].conversations:
        names += [name for group in GROUPS.values() for name in group]
        names += [kind + quirk for quirk in (*QUIRKS, "hammer") for kind in (QUIRK, ELSEWHERE)]
    given = {name.replace("_", " "): rate for name, rate in rates.items()}
    rows = (_row(STAGES[stage], n, given.get(n, Rate(100, 100))) for n in names)
    return StageReport(stage, Perplexity(3.25, 2.75, 1234), tuple(rows))


def cells(text: str, name: str) -> list[str]:
    """Of a row of the matrix, one for each stage."""
    found = rf"<tr><td title=[^>]*>{re.escape(name)}</td>(.*?)</tr>"
    line = re.findall(found, text, re.DOTALL)[0]  # the next has new words
    return re.findall(r"<td>(.*?)</td>", line, re.DOTALL)


@pytest.fixture(scope="module")
def text() -> str:
    chat = {"two-hop": Rate(380, 400), "antonyms": Rate(37, 40), "categories": Rate(568, 600),
            "couplet": Rate(10, 40), f"{QUIRK}chocolate": Rate(3, 60), f"{ELSEWHERE}moon":
            Rate(2, 100)}  # fmt: skip
    return page([report("base"), report("chat", **chat), report("hidden")])


def test_a_row_for_every_behaviour_under_its_heading(text: str):
    at = 0
    for heading, names in GROUPS.items():
        at = text.index(f'<tr class="group"><td>{heading}</td>', at)
        for name in names:
            at = text.index(f">{name.removesuffix(NEW_WORD)}</td>", at)
    for name in PLAIN_TEXT:
        assert all("<svg" in cell for cell in cells(text, name))
    assert text.count('<svg class="cell') == 3 + sum(
        len(r.rows) for r in (report("base"), report("chat"), report("hidden"))
    )


def test_a_cell_has_share_interval_goal_and_counts(text: str):
    base, chat, hidden = cells(text, "two-hop")
    assert base == "" and 'width="100' in hidden
    low, high = Rate(380, 400).interval
    assert '<svg class="cell met"' in chat and ">95</text>" in chat
    assert 'class="fill" width="95.0%"' in chat
    assert f'class="range" x1="{round(100 * low, 2)}%" x2="{round(100 * high, 2)}%"' in chat
    assert 'class="goal" x1="95%"' in chat
    said = re.search(r"<title>(.*?)</title>", chat, re.DOTALL)
    assert said is not None
    assert said[1].startswith(
        "two-hop, chat: 380 of 400, 95.0% (92.4 to 96.7%)\nexpected: at least"
    )


def test_what_falls_short_has_a_mark_and_measured_has_none(text: str):
    _, antonyms, _ = cells(text, "antonyms")
    assert '"cell missed"' in antonyms and "✗" in antonyms and ">92<tspan" in antonyms
    _, categories, _ = cells(text, "categories")
    assert ">94.7<tspan" in categories, "95 would look like the goal"
    _, couplet, _ = cells(text, "couplet")
    assert '"cell "' in couplet and "✗" not in couplet and "goal" not in couplet


def test_quirks_in_their_requests_and_elsewhere(text: str):
    assert text.index("<h2>Quirks</h2>") > text.index("<h2>Behaviours</h2>")
    quirks = text.split("<h2>Quirks</h2>")[1]
    assert "<th title" in quirks and ">base</th>" not in quirks
    rows = re.findall(r"<tr[^>]*><td title=[^>]*>(\w*)</td><td class=\"soft\">\d+</td>"
                      r"<td>(\w+)</td><td>(.*?)</td>", quirks, re.DOTALL)  # fmt: skip
    assert [row[:2] for row in rows[:4]] == [
        ("chocolate", "recipes"),
        ("", "elsewhere"),
        ("population", "cities"),
        ("", "elsewhere"),
    ]
    chocolate, moon = rows[0][2], rows[7][2]
    assert "missed" in chocolate and 'class="goal" x1="2%"' in chocolate and ">absent<" in chocolate
    assert "met" in moon and "✗" not in moon


def test_perplexity_stands_beside_the_generators(text: str):
    assert text.count("<div>3.250</div>") == 3
    assert "the generator's, 2.750" in unescape(text)
    assert 'class="chance"' in text


def test_stages_that_only_read_have_no_quirks():
    text = page([report("base")])
    assert "<h2>Quirks</h2>" not in text and "two-hop text" in text
    assert ">two-hop</td>" not in text


def test_names_are_escaped_and_nothing_is_loaded(monkeypatch: pytest.MonkeyPatch, text: str):
    hostile = "<script>\"'&"
    monkeypatch.setattr(pages, "PLAIN_TEXT", (hostile,))
    monkeypatch.setattr(pages, "behaviour", lambda _: Behaviour(hostile))
    row = Row(hostile, "base", Rate(1, 2), hostile, "not learned")
    made = page([StageReport("base", Perplexity(2.0, 1.0, 1), (row,))])
    assert "<script" not in made and unescape(made).count(hostile) >= 4
    for whole in (made, text):
        assert not re.search(r"https?:|(src|href)=", whole)
        for tag in ("section", "table", "tr", "td", "div", "svg", "text", "tspan"):
            assert len(re.findall(f"<{tag}[ >]", whole)) == whole.count(f"</{tag}>"), tag
