"""The X-ray of a text."""

import re
from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.browser.adder_atlas import get
from tests.browser.conftest import Served, Shot

JOB_MS = 90_000


def clt(served: Served) -> str:
    entries = get(served, "library")["entries"]
    return next(entry["id"] for entry in entries if entry["name"] == "specimen:adder/clt")


def test_features_on_every_token(served: Served, page: Page, shot: Shot):
    dictionary = clt(served)
    page.goto(served.page(f"#/xray/{dictionary}"))
    page.get_by_role("textbox", name="Text").fill("36 + 59 =")
    page.get_by_role("button", name=re.compile("^X-ray")).click()
    matrix = page.get_by_role("region", name="Features by token and layer")
    expect(matrix).to_be_visible(timeout=JOB_MS)
    expect(matrix.get_by_role("row")).to_have_count(5)
    listed = page.get_by_role("complementary", name="Active features")
    expect(listed).to_contain_text("In the whole text")
    page.get_by_role("button", name="36", exact=True).click()
    expect(listed).to_contain_text("On 36")
    values = [float(t) for t in listed.locator(".active-row > .number").all_inner_texts()]
    assert values == sorted(values, reverse=True)
    pin = listed.get_by_role("button", name=re.compile("^Pin ")).first
    name = pin.get_attribute("aria-label").removeprefix("Pin ")
    pin.click()
    expect(page.get_by_role("group", name=f"{name} over the text")).to_be_visible()
    expect(page).to_have_url(re.compile("pin="))
    for dark in (False, True):
        shot("xray", dark=dark)
        shot("xray", dark=dark, width=2560)
    page.get_by_role("button", name=f"Unpin {name}").click()
    expect(page.get_by_role("group", name=f"{name} over the text")).to_have_count(0)
    listed.get_by_label("Layer").select_option("2")
    for row in listed.locator(".feature-name").all_inner_texts():
        assert row.startswith("L2/")
    listed.get_by_role("searchbox").fill("no label has this")
    expect(listed).to_contain_text("0 active features")


def test_an_address_with_a_text_shows_it(served: Served, page: Page):
    dictionary = clt(served)
    page.goto(served.page(f"#/xray/{dictionary}?text={quote('7 + 8 =')}"))
    expect(page.get_by_role("region", name="Features by token and layer")).to_be_visible(
        timeout=JOB_MS
    )
    expect(page.get_by_role("button", name="8", exact=True)).to_be_visible()


def test_the_strongest_feature_has_the_strongest_colour(served: Served, page: Page):
    """On <s> as well, whose activations are beyond those of all other tokens."""
    page.goto(served.page(f"#/xray/{clt(served)}?text={quote('36 + 59 =')}"))
    chips = page.locator(".chip")
    expect(chips.first).to_be_visible(timeout=JOB_MS)
    strengths = chips.evaluate_all("all => all.map(c => c.style.getPropertyValue('--strength'))")
    assert strengths[0] == "80%"
    assert all(8 <= float(strength.removesuffix("%")) <= 80 for strength in strengths)
    colours = chips.evaluate_all("all => all.map(c => getComputedStyle(c).backgroundColor)")
    assert "rgba(0, 0, 0, 0)" not in colours


def test_without_a_text_it_says_what_it_does(served: Served, page: Page, shot: Shot):
    page.goto(served.page("#/xray"))
    expect(page.get_by_role("textbox", name="Text")).to_be_focused()
    expect(page.get_by_text("Click a token to list them all")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^X-ray"))).to_be_disabled()
    shot("xray-empty")
