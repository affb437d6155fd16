"""Why an edge is there: heads that carry it, and why they look where they look."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_graph import find, opened

JOB_MS = 60_000


@pytest.fixture
def explorer(page: Page, served) -> Page:
    return opened(page, served, "graphs/sum")


def number(text: str) -> float:
    found = re.findall(r"[+−-]?\d+(?:\.\d+)?(?:e[−-]?\d+)?", text.replace("≈", ""))
    return float(found[-1].replace("−", "-"))


def sums(page: Page, where: str) -> tuple[float, float]:
    """What the line says of the sum and of the whole."""
    strong = page.locator(f"{where} .sum-line strong")
    expect(strong.first).to_be_visible(timeout=JOB_MS)
    first, second = strong.all_inner_texts()
    return number(first), number(second)


def test_an_input_says_which_heads_carry_it(explorer: Page, shot):
    find(explorer, "sum ends in 5")
    first = explorer.locator("ul[aria-label=inputs] > li").first
    weight = number(first.locator(".link-weight").inner_text())
    first.get_by_role("button", name="why").click()
    total, edge = sums(explorer, ".edge-pane")
    assert total == pytest.approx(edge, rel=0.01)
    assert edge == pytest.approx(weight, rel=0.01)
    bars = explorer.get_by_role("list", name="Heads that carry the edge")
    values = [number(text) for text in bars.locator(".number").all_inner_texts()]
    assert sum(values) == pytest.approx(edge, rel=0.03, abs=0.02)
    shot("edge")
    explorer.get_by_role("group", name="Why this edge").get_by_role("button", name="Close").click()
    expect(explorer.locator("ul[aria-label=inputs]")).to_be_visible()


def test_a_head_says_why_it_looks_there(explorer: Page, shot):
    find(explorer, "sum ends in 5")
    carried_by_heads(explorer)
    bars = explorer.locator("ul[aria-label='Heads that carry the edge'] button")
    bars.first.click()
    total, score = sums(explorer, ".score")
    assert total == pytest.approx(score, rel=0.01, abs=0.01)
    pairs = explorer.get_by_role("list", name="Pairs of sources")
    values = [number(text) for text in pairs.locator(".number").all_inner_texts()]
    assert sum(values) == pytest.approx(score, rel=0.05, abs=0.05)
    kinds = explorer.get_by_role("list", name="Sums by kind")
    assert kinds.get_by_role("listitem").count() >= 2
    explorer.get_by_role("button", name="Fill the window with the node").click()
    shot("edge-score")
    shot("edge-score", dark=True, width=2560)
    looks = explorer.get_by_role("group", name="Where the head looks").get_by_role("button")
    looks.first.click()
    total, score = sums(explorer, ".score")
    assert total == pytest.approx(score, rel=0.01, abs=0.01)
    against = explorer.locator(".score select")
    against.select_option(index=1)
    expect(explorer.locator(".score .sum-line")).to_contain_text("difference of scores")


def carried_by_heads(page: Page) -> None:
    """Open the first input of the selected node that comes from another position."""
    rows = page.locator("ul[aria-label=inputs] > li").filter(has_text="token")
    rows.first.get_by_role("button", name="why").click()
    expect(page.locator(".edge-pane .sum-line")).to_be_visible(timeout=JOB_MS)


def test_an_edge_of_the_circuit_is_clicked(explorer: Page, shot):
    explorer.get_by_role("button", name="Pin the 12 of most influence").click()
    grip = explorer.locator(".flow-grip").last
    grip.focus()
    explorer.keyboard.press("Enter")
    total, edge = sums(explorer, ".edge-pane")
    assert total == pytest.approx(edge, rel=0.01)
    shot("edge-circuit", dark=True)


def test_a_flow_between_groups_lists_its_edges(page: Page, served):
    opened(page, served, "graphs/grouped")
    page.locator(".subgraph-foot input").fill("0")
    grips = page.locator(".flow-grip[aria-label*='both operands in range']")
    grips.first.focus()
    page.keyboard.press("Enter")
    total, edge = sums(page, ".edge-pane")
    assert total == pytest.approx(edge, rel=0.01)
