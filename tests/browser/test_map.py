"""The map of an atlas."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.adder_atlas import atlas_id
from tests.browser.conftest import Served, Shot


@pytest.fixture(scope="package")
def atlas(served: Served) -> str:
    return atlas_id(served)


@pytest.fixture
def map_page(served: Served, atlas: str, page: Page) -> Page:
    page.goto(served.page(f"#/atlas/{atlas}/map"))
    expect(page.get_by_role("img", name=re.compile("^Map of"))).to_be_visible()
    page.wait_for_function(f"() => {INK} > 100")
    return page


INK = """(() => {
  const canvas = document.querySelector('.map-canvas canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((byte, i) => i % 4 === 3 && byte > 0).length;
})()"""
"""How many pixels of the map are drawn."""


def listed(page: Page) -> int:
    text = page.locator(".map-list-head b").inner_text()
    return int(text.replace(",", ""))


def test_colours_and_themes(map_page: Page, shot: Shot):
    for colour in ("cluster", "density", "layer"):
        map_page.get_by_label("Colour by").select_option(colour)
        expect(map_page).to_have_url(re.compile(f"colour={colour}"))
        shot(f"map-{colour}")
    expect(map_page.get_by_label("Colours")).to_contain_text("layer 0")
    shot("map", dark=True)
    shot("map", dark=True, width=2560)
    shot("map", width=2560)


def test_zoom_changes_what_is_drawn(map_page: Page):
    before = map_page.evaluate(INK)
    map_page.get_by_role("button", name="Zoom in").click()
    map_page.get_by_role("button", name="Zoom in").click()
    map_page.wait_for_function(f"before => {INK} !== before", arg=before)
    map_page.get_by_role("button", name="Show all").click()
    map_page.wait_for_function(f"before => {INK} === before", arg=before)


def test_lasso_lists_what_it_holds(map_page: Page, shot: Shot):
    everything = listed(map_page)
    map_page.keyboard.press("l")
    box = map_page.locator(".map-canvas canvas").bounding_box()
    assert box is not None
    middle, centre = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    reach = box["height"] / 3
    map_page.mouse.move(middle - reach, centre - reach)
    map_page.mouse.down()
    for x, y in ((1, -1), (1, 1), (-1, 1)):
        map_page.mouse.move(middle + x * reach, centre + y * reach, steps=5)
    map_page.mouse.up()
    expect(map_page.get_by_text("lassoed")).to_be_visible()
    assert 0 < listed(map_page) < everything
    shot("map-lasso")
    map_page.get_by_role("button", name="Copy").click()
    copied = map_page.evaluate("navigator.clipboard.readText()").split("\n")
    assert len(copied) == listed(map_page)
    with map_page.expect_download() as download:
        map_page.get_by_role("button", name="CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0] == "encoder,feature,layer,density,cluster,label"
    assert len(lines) == 1 + listed(map_page)
    map_page.get_by_role("button", name="Drop").click()
    assert listed(map_page) == everything


def test_search_marks_features(map_page: Page, shot: Shot):
    everything = listed(map_page)
    word = map_page.locator(".map-row").first.inner_text().split()[-1].strip("“”,.")
    map_page.keyboard.press("/")
    map_page.keyboard.type(word)
    expect(map_page.get_by_text(f"with “{word}”")).to_be_visible()
    expect(map_page.locator(".map-list-head b")).not_to_have_text(f"{everything:,}")
    assert 1 <= listed(map_page) < everything
    shot("map-search")


def test_the_list_leads_to_features_by_keyboard(map_page: Page):
    map_page.get_by_role("grid", name="Features").focus()
    map_page.keyboard.press("ArrowDown")
    expect(map_page).to_have_url(re.compile(r"at=\d+%2F\d+"))
    expect(map_page.locator(".map-chosen")).to_be_visible()
    map_page.keyboard.press("Enter")
    expect(map_page.get_by_role("heading", level=1)).to_be_visible()
    expect(map_page).to_have_url(re.compile(r"#/atlas/[^/]+/\d+/\d+$"))
