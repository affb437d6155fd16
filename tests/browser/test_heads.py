"""The page of attention heads on the adder."""

import re

import pytest
from playwright.sync_api import Page, expect

JOB_MS = 120_000


@pytest.fixture
def heads(page: Page, served) -> Page:
    page.goto(served.page("#/"))
    page.get_by_role("link", name="Heads").click()
    specimen = page.get_by_label("Dictionary").locator("option", has_text="specimen:adder").first
    page.get_by_label("Dictionary").select_option(specimen.get_attribute("value"))
    expect(page.get_by_role("table", name="Heads")).to_be_visible(timeout=JOB_MS)
    return page


def test_all_heads_are_there_and_sort(heads: Page, shot):
    rows = heads.locator(".heads-table tbody tr")
    names = [text.split()[0] for text in rows.locator("th").all_inner_texts()]
    assert names == sorted(names)
    assert len(names) >= 8
    shot("heads")
    heads.get_by_role("button", name="asymmetry").click()
    again = [text.split()[0] for text in rows.locator("th").all_inner_texts()]
    assert again != names
    assert sorted(again) == names


def test_a_head_lists_its_features_with_links(heads: Page, shot):
    heads.get_by_role("button", name="2.0", exact=True).click()
    reads = heads.get_by_role("list", name="Read by the query")
    expect(reads).to_be_visible(timeout=JOB_MS)
    assert "head=2.0" in heads.url
    expect(heads.get_by_role("list", name="Copied")).to_contain_text("L")
    shot("heads-detail", full_page=True)
    shot("heads-detail", dark=True, width=2560)
    link = reads.get_by_role("link").first
    if link.count():
        name = link.locator(".feature-name").inner_text()
        link.click()
        expect(heads).to_have_url(re.compile(r"#/atlas/.*/\d+/\d+"))
        expect(heads.locator("h1")).to_contain_text(name)


@pytest.mark.slow  # pictures alone
def test_dark(heads: Page, shot):
    shot("heads", dark=True)
    shot("heads", width=2560)
