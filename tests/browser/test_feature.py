"""The feature page and the list of features, on an atlas of the adder."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.adder_atlas import atlas_id, get, liveliest
from tests.browser.conftest import Complaints, Served, Shot


@pytest.fixture(scope="package")
def atlas(served: Served) -> str:
    return atlas_id(served)


def address(served: Served, atlas: str, nth: int = 0) -> str:
    row = liveliest(served, atlas, nth + 1)[nth]
    return served.page(f"#/atlas/{atlas}/{row['encoder']}/{row['feature']}")


def test_all_that_is_known_of_a_feature(served: Served, atlas: str, page: Page, shot: Shot):
    row = liveliest(served, atlas)[0]
    page.goto(address(served, atlas))
    expect(page.get_by_role("heading", level=1)).to_contain_text(row["name"])
    for name in ("Examples", "Activations", "Logits", "Tokens", "Positions", "Neighbours"):
        expect(page.get_by_role("region", name=name, exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="Operands").locator("canvas").first).to_be_visible(
        timeout=90_000
    )
    for dark in (False, True):
        shot("feature", dark=dark, full_page=True)
        shot("feature", dark=dark, width=2560)


def test_values_of_tokens_for_pointer_and_keyboard(served: Served, atlas: str, page: Page):
    page.goto(address(served, atlas))
    example = page.get_by_role("group", name=re.compile("^Example 1,"))
    example.locator(".peak").hover()
    expect(example.locator(".token-value")).to_be_visible()
    value = example.locator(".token-value").inner_text()
    page.mouse.move(0, 0)
    expect(example.locator(".token-value")).to_have_count(0)
    example.focus()
    expect(example.locator(".token-value")).to_have_text(value)
    page.keyboard.press("Home")
    expect(example.locator(".token").first.locator(".token-value")).to_be_visible()


def test_quantile_bands(served: Served, atlas: str, page: Page):
    page.goto(address(served, atlas))
    tabs = page.get_by_role("tab")
    expect(tabs.first).to_have_attribute("aria-selected", "true")
    expect(tabs.nth(1)).to_be_visible()
    tabs.first.focus()
    page.keyboard.press("ArrowRight")
    expect(tabs.nth(1)).to_have_attribute("aria-selected", "true")
    expect(tabs.nth(1)).to_be_focused()
    expect(page).to_have_url(address(served, atlas))


def test_histogram_is_read_with_the_arrow_keys(served: Served, atlas: str, page: Page):
    page.goto(address(served, atlas))
    region = page.get_by_role("region", name="Activations")
    region.get_by_role("img").focus()
    page.keyboard.press("ArrowRight")
    expect(region.get_by_role("status")).to_contain_text(re.compile(r"\d.* to .*\d.*: \d"))


def test_neighbours_open_and_show_their_card(served: Served, atlas: str, page: Page, shot: Shot):
    page.goto(address(served, atlas))
    region = page.get_by_role("region", name="Neighbours")
    link = region.get_by_role("link").first
    link.hover()
    expect(page.get_by_role("tooltip")).to_contain_text("of tokens")
    shot("feature-neighbour")
    for kind in ("encoder", "co-active"):
        region.get_by_role("button", name=kind).click()
        expect(region.get_by_role("listitem").first).to_be_visible()
    link = region.get_by_role("link").first
    name = link.locator(".feature-name").inner_text()
    link.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def test_my_own_text(served: Served, atlas: str, page: Page, shot: Shot):
    page.goto(address(served, atlas))
    region = page.get_by_role("region", name="Test on my text")
    region.get_by_role("textbox").fill("3 + 4 =")
    region.get_by_role("button", name="Test").click()
    expect(region.get_by_role("group", name="Activations on the text")).to_be_visible(
        timeout=90_000
    )
    expect(region).to_contain_text("tokens")
    shot("feature-my-text")


def test_the_feature_before_and_after(served: Served, atlas: str, page: Page):
    page.goto(served.page(f"#/atlas/{atlas}/1/5"))
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("/5")
    where = page.get_by_role("navigation", name="Where this is")
    where.get_by_role("link", name="6 →").wait_for()
    page.keyboard.press("ArrowRight")
    expect(heading).to_contain_text("/6")
    where.get_by_role("link", name="← 5").click()
    expect(heading).to_contain_text("/5")


def test_a_label_is_written_and_its_history_kept(
    served: Served, atlas: str, page: Page, shot: Shot
):
    page.goto(address(served, atlas, 1))
    page.get_by_role("button", name="Write a label").wait_for()
    page.keyboard.press("e")
    page.get_by_label("Label", exact=True).fill("first operand small")
    page.get_by_label("Note").fill("seen on sums")
    page.get_by_role("button", name="4 of 5").click()
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("first operand small")
    expect(page.get_by_role("img", name="rated 4 of 5")).to_be_visible()
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Label", exact=True).fill("first operand below ten")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("below ten")
    page.get_by_role("button", name="History").click()
    expect(page.locator(".history li")).to_have_count(2)
    expect(page.locator(".history li").last).to_contain_text("first operand small")
    shot("feature-history")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_contain_text("below ten")


def test_two_edits_at_once_lose_nothing(
    served: Served, atlas: str, page: Page, shot: Shot, complaints: Complaints
):
    row = liveliest(served, atlas, 3)[2]
    info = get(served, f"atlases/{atlas}")
    page.goto(address(served, atlas, 2))
    page.get_by_role("button", name="Write a label").click()
    page.get_by_label("Label", exact=True).fill("mine")
    theirs = {
        "dictionary": info["dictionary_fingerprint"],
        "encoder": row["encoder"],
        "feature": row["feature"],
        "label": "theirs",
        "author": "Grace",
        "version": 0,
    }
    httpx.put(f"{served.url}api/annotations", json=theirs, trust_env=False).raise_for_status()
    complaints.allow("409")
    page.get_by_role("button", name="Save").click()
    conflict = page.get_by_role("alert")
    expect(conflict).to_contain_text("Grace saved another text")
    expect(conflict).to_contain_text("theirs")
    shot("feature-conflict")
    page.get_by_role("button", name="Put theirs below mine").click()
    expect(page.get_by_label("Label, merged")).to_have_value("mine / theirs")
    page.get_by_role("button", name="Save the merged one").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("mine / theirs")
    page.get_by_role("button", name="History").click()
    expect(page.locator(".history li")).to_have_count(2)


def test_a_feature_that_is_not_there(served: Served, atlas: str, page: Page):
    page.goto(served.page(f"#/atlas/{atlas}/0/99999"))
    expect(page.get_by_text("has features 0 to 1023, not 99999")).to_be_visible()


def test_the_list_is_searched_sorted_and_walked(served: Served, atlas: str, page: Page, shot: Shot):
    page.goto(served.page(f"#/atlas/{atlas}"))
    rows = page.get_by_role("row")
    expect(rows.first).to_contain_text("/0")
    assert rows.count() < 80, "only the rows on screen are drawn"
    for dark in (False, True):
        shot("atlas", dark=dark)
        shot("atlas", dark=dark, width=2560)
    page.get_by_label("Sort by").select_option("-density")
    best = liveliest(served, atlas)[0]
    expect(rows.first).to_contain_text(best["name"])
    page.get_by_label("Search", exact=True).select_option("similar")
    page.get_by_role("searchbox", name="Find").fill(best["name"])
    expect(page.get_by_text("Score")).to_be_visible()
    page.get_by_label("Search", exact=True).select_option("label")
    page.get_by_role("searchbox", name="Find").fill("no label has this")
    expect(page.get_by_role("heading", name="No label has")).to_be_visible()
    page.get_by_role("searchbox", name="Find").fill("")
    page.get_by_role("grid").focus()
    page.keyboard.press("End")
    expect(rows.last).to_contain_text("/")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(best["name"])


@pytest.mark.parametrize("phrase", ["sum ending in 5", "sums ending in 5", "sum ends in 5"])
def test_three_wordings_find_the_same(served: Served, page: Page, phrase: str):
    """In the list, the best match first; a click anywhere on its row opens it. In the palette."""
    bundled = "specimen:adder/atlas"
    entries = get(served, "library")["entries"]
    atlas = next(entry["id"] for entry in entries if entry["name"] == bundled)
    page.goto(served.page(f"#/atlas/{atlas}"))
    page.get_by_role("searchbox", name="Find").fill(phrase)
    expect(page.get_by_text("6 features", exact=True)).to_be_visible()
    expect(page.get_by_label("Sort by")).to_have_value("match")
    rows = page.get_by_role("row")
    names = ["L2/138", "L2/914", "L2/384"]
    for i, name in enumerate(names):
        expect(rows.nth(i)).to_contain_text(name)
    rows.nth(1).locator(".feature-row-label").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("L2/914")
    page.keyboard.press("Control+k")
    page.keyboard.type(phrase)
    found = page.get_by_role("option").filter(has_text=f"feature of {bundled}")
    for i, name in enumerate(names):
        expect(found.nth(i)).to_contain_text(name)
