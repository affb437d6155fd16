"""Testing a graph from the explorer, and what is shown of it."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from microtome.circuit import load_graph
from microtome.circuit.verify import load_verification
from microtome.server import RunningServer, Settings
from tests.browser.conftest import Served
from tests.browser.test_graph import opened


@pytest.fixture(scope="module")
def verified(library_folder: Path, tmp_path_factory: pytest.TempPathFactory, built: Path):
    """A server of a graph that is tested by it when it is first asked."""
    folder = tmp_path_factory.mktemp("verified")
    shutil.copytree(library_folder / "graphs" / "sum", folder / "sum")
    with RunningServer(Settings(folders=(folder,))) as server:
        yield Served(server.address.url, folder)


@pytest.fixture
def explorer(page: Page, verified: Served) -> Page:
    """The graph's page, with its verification open."""
    opened(page, verified, "sum")
    badge = page.locator(".belief")
    badge.click()
    if load_verification(verified.folder / "sum") is None:
        expect(badge).to_contain_text("Not tested")
        page.get_by_role("button", name="Verify", exact=True).click()
        expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_role("table", name="Agreement by mode")).to_be_visible(timeout=120_000)
    return page


def test_a_graph_is_tested_and_its_verdict_kept(explorer: Page, verified: Served, shot):
    found = load_verification(verified.folder / "sum")
    assert found is not None
    words = {"partly": "Partly believable", "not believable": "Not believable"}
    word = words.get(found.belief, "Believable")
    expect(explorer.locator(".belief")).to_contain_text(word)
    reasons = explorer.get_by_role("list", name="Reasons").get_by_role("listitem")
    assert reasons.all_inner_texts() == found.reasons
    shot("verification")
    explorer.reload()
    expect(explorer.locator(".belief")).to_contain_text(word)


def test_agreement_is_that_of_the_document(explorer: Page, verified: Served):
    found = load_verification(verified.folder / "sum")
    assert found is not None
    row = explorer.get_by_role("row", name="groups on the answer")
    for i, mode in enumerate(found.modes.values()):
        cell = row.get_by_role("cell").nth(i)
        assert mode.groups.r2 is not None
        assert mode.groups_control.r2 is not None
        expect(cell.locator("strong")).to_have_text(f"{mode.groups.r2:.2f}".replace("-", "−"))
        expect(cell).to_contain_text("random")


def test_points_name_groups_and_choose_them(explorer: Page, verified: Served, shot):
    found = load_verification(verified.folder / "sum")
    assert found is not None
    points = explorer.locator(".scatter .effect")
    of_features = [g for g in found.groups if g.members[0].startswith("L")]
    assert points.count() == len(found.sizes) * len(of_features)
    label = of_features[0].label
    point = explorer.locator(f'.scatter .effect[data-group="{label}"]').first
    point.hover(force=True)
    expect(explorer.locator(".scatter-readout")).to_contain_text("predicted")
    point.click(force=True)
    chosen = explorer.get_by_role("group", name="The chosen group")
    expect(chosen).to_be_visible()
    chosen.scroll_into_view_if_needed()
    shot("verification-chosen")
    heights = "points => points.map((p) => p.getAttribute('cy'))"
    before = points.evaluate_all(heights)
    tools = explorer.get_by_role("group", name="Verification")
    tools.get_by_role("button", name="live", exact=True).click()
    expect(chosen).to_contain_text("measured (live)")
    assert points.evaluate_all(heights) != before


def test_edges_of_the_circuit_show_their_verdict(explorer: Page, verified: Served, shot):
    found = load_verification(verified.folder / "sum")
    assert found is not None
    explorer.get_by_role("button", name="Draw the tested groups").click()
    flows = explorer.locator(".subgraph .flow[data-verdict]")
    expect(flows.first).to_be_attached()
    shown = {flow.get_attribute("data-verdict") for flow in flows.all()}
    assert shown & {"confirmed", "weaker", "stronger", "contradicted"}
    known = {edge.verdicts["held"].verdict for edge in found.edges}
    assert shown <= known | {"not tested"}
    legend = explorer.get_by_role("group", name="Verdicts on edges")
    expect(legend).to_contain_text("contradicted")
    shot("verification-circuit")
    shot("verification-circuit", dark=True)
    legend.get_by_role("checkbox").uncheck()
    expect(flows).to_have_count(0)


def test_the_file_carries_the_verdict(explorer: Page, tmp_path: Path):
    explorer.locator(".menu summary").click()
    with explorer.expect_download() as download:
        explorer.get_by_role("button", name="HTML page").click()
    file = tmp_path / "graph.html"
    download.value.save_as(file)
    explorer.goto(file.as_uri())
    explorer.locator(".graph-drawing[data-drawn]").first.wait_for()
    explorer.locator(".belief").click()
    expect(explorer.get_by_role("table", name="Agreement by mode")).to_be_visible()
    expect(explorer.get_by_role("button", name="Verify again")).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 2560])
@pytest.mark.parametrize("dark", [False, True])
def test_it_looks_right(explorer: Page, shot, dark: bool, width: int):
    explorer.get_by_role("button", name="Fill the window with the node").click()
    shot("verification-full", dark=dark, width=width)


def test_the_graph_is_what_it_was(verified: Served):
    assert len(load_graph(verified.folder / "sum").nodes) > 0
