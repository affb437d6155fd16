"""The report of an evaluation."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Served, Shot


def test_figures_intervals_and_baselines(served: Served, page: Page, shot: Shot):
    page.goto(served.page(f"#/evaluation/{served.id('evaluations/tiny')}"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Evaluation of")
    expect(page.locator(".verdict")).not_to_be_empty()
    sites = page.get_by_role("region", name="Sites", exact=True)
    expect(sites.get_by_role("row")).to_have_count(6)
    expect(sites).to_contain_text(" to ")
    expect(page.get_by_role("region", name="Baselines")).to_contain_text("PCA")
    plot = page.get_by_role("region", name="FVU by site")
    plot.locator("g[tabindex]").first.focus()
    expect(plot.get_by_role("status")).to_contain_text("this dictionary, blocks.0.mlp.out: ")
    for dark in (False, True):
        shot("evaluation", dark=dark, full_page=True)
        shot("evaluation", dark=dark, width=2560)
