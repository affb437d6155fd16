"""The library, the frame of the application, and addresses that name nothing."""

import re
import shutil
from pathlib import Path

from playwright.sync_api import Page, expect

from microtome.server import RunningServer, Settings
from tests.browser.conftest import Complaints, Served, Shot


def test_everything_is_listed_filtered_and_opened(served: Served, page: Page, shot: Shot):
    page.goto(served.page("#/"))
    rows = page.locator(".entries li")
    expect(rows.filter(has_text="grouped")).to_have_count(1)
    prompts = page.get_by_role("link", name="36 + 59 =", exact=True)
    expect(prompts).to_have_count(3)
    expect(page.get_by_role("link", name="Library")).to_have_attribute("aria-current", "page")
    for dark in (False, True):
        shot("library", dark=dark)
        shot("library", dark=dark, width=2560)
    page.get_by_role("group", name="Kind").get_by_role("button", name="runs").click()
    expect(rows).to_have_count(1)
    page.get_by_role("group", name="Kind").get_by_role("button", name="all").click()
    page.keyboard.press("/")
    page.keyboard.type("graphs/other")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("7 + 88")
    page.get_by_role("searchbox", name="Filter").fill("zebra")
    expect(page.get_by_text("Nothing here has all these words.")).to_be_visible()


def test_sorting_and_the_keys_of_the_list(served: Served, page: Page):
    page.goto(served.page("#/?sort=name&kind=graph"))
    expect(page.locator(".entry-name").nth(2)).to_be_visible()
    names = page.locator(".entry-name").all_inner_texts()
    assert len(set(names)) >= 2
    runs = [name for i, name in enumerate(names) if i == 0 or name != names[i - 1]]
    assert len(runs) == len(set(names)), "the same prompts stand together"
    assert names.index("7 + 88 =") < names.index("36 + 59 ="), "numbers by their size"
    page.locator(".entry-name").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".entry-name").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"#/graph/"))


def test_the_manifest_is_beside_the_list(served: Served, page: Page, shot: Shot):
    page.goto(served.page("#/?kind=graph"))
    page.get_by_role("button", name="Manifest of sum").click()
    pane = page.get_by_role("complementary", name="Manifest of sum")
    expect(pane).to_contain_text("schema_version")
    expect(pane).to_contain_text("fingerprint")
    shot("library-manifest")
    page.keyboard.press("Escape")
    expect(pane).to_have_count(0)


def test_an_empty_folder_says_what_to_do(built: Path, tmp_path: Path, page: Page, shot: Shot):
    with RunningServer(Settings(folders=(tmp_path,))) as server:
        page.goto(f"{server.address.url}#/")
        expect(page.get_by_text("No graph yet")).to_be_visible()
        page.get_by_role("button", name="Copy").first.click()
        assert page.evaluate("navigator.clipboard.readText()").startswith("microtome trace ")
        shot("library-empty")


def test_a_broken_artifact_says_its_problem(served: Served, tmp_path: Path, page: Page, shot: Shot):
    broken = tmp_path / "broken"
    shutil.copytree(served.folder / "graphs" / "sum", broken)
    nodes = broken / "nodes.json"
    nodes.write_text(nodes.read_text()[:100])
    with RunningServer(Settings(folders=(tmp_path,))) as server:
        page.goto(f"{server.address.url}#/")
        row = page.locator(".entries li").filter(has_text="broken")
        expect(row).to_contain_text("is incomplete: nodes.json has 100 bytes of")
        expect(row.get_by_role("link")).to_have_count(0)
        shot("library-broken")


def test_the_palette_finds_pages(served: Served, page: Page, shot: Shot):
    page.goto(served.page("#/"))
    expect(page.get_by_role("heading", name="Library")).to_be_visible()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Find a page or a feature")
    expect(field).to_be_focused()
    page.keyboard.type("tiny")
    found = page.get_by_role("option")
    expect(found.filter(has_text=re.compile("run$"))).to_have_count(1)
    shot("palette")
    page.keyboard.press("ArrowDown")
    expect(found.nth(1)).to_have_attribute("aria-selected", "true")
    found.filter(has_text=re.compile("run$")).click()
    expect(page).to_have_url(re.compile("#/run/"))


def test_the_palette_finds_graphs_by_their_prompt(served: Served, page: Page):
    page.goto(served.page("#/"))
    expect(page.get_by_role("heading", name="Library")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("36 + 59")
    page.get_by_role("option", name="graph sum").click()
    expect(page).to_have_url(re.compile(f"#/graph/{served.id('graphs/sum')}"))


def test_the_palette_finds_features(served: Served, page: Page):
    page.goto(served.page("#/"))
    expect(page.get_by_role("heading", name="Library")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("L2/17")
    page.get_by_role("option", name="L2/17").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("L2/17")


def test_the_keys_are_told_and_the_theme_is_kept(served: Served, page: Page, shot: Shot):
    page.goto(served.page("#/"))
    expect(page.get_by_role("heading", name="Library")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("go to the library")
    shot("keys")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    theme = page.get_by_role("button", name=re.compile("^Theme"))
    theme.click()
    theme.click()
    expect(theme).to_have_accessible_name("Theme: dark")
    page.reload()
    expect(theme).to_have_accessible_name("Theme: dark")
    assert page.evaluate("getComputedStyle(document.querySelector('.microtome')).colorScheme") == (
        "dark"
    )


def test_an_address_of_nothing_says_so(served: Served, page: Page, complaints: Complaints):
    page.goto(served.page("#/no/such/page"))
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    complaints.allow("404")
    page.goto(served.page("#/run/0000000000000000"))
    expect(page.get_by_role("alert")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("l")
    expect(page.get_by_role("heading", name="Library")).to_be_visible()
