"""Groups that a grouping made, graphs of several prompts, pictures of what was tested, studies."""

import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import microtome as mt
from microtome.artifact import Manifest, new_artifact
from microtome.circuit import (
    LogitDifference,
    group,
    load_graph,
    load_state,
    merge,
    prune,
    save_state,
)
from microtome.circuit.supernode.keep import is_automatic
from microtome.circuit.verify import VerifyOptions, save_verification, verify
from microtome.server import RunningServer, Settings
from tests.browser.artifacts import SUM
from tests.browser.conftest import Served
from tests.browser.test_edge import sums
from tests.browser.test_graph import find, opened
from tests.browser.test_graph_files import exported, part, texts

PATH = "{http://www.w3.org/2000/svg}path"
REPORT = (
    '<!doctype html><meta charset="utf-8"><title>A study</title><style>h1{color:rgb(1,2,3)}</style>'
    "<h1>It holds</h1><script>document.title = 'a script ran'</script>"
)


@pytest.fixture(scope="module")
def circuits(library_folder: Path, tmp_path_factory: pytest.TempPathFactory, built: Path):
    """A server of `grouped` (by role), `merged` (two prompts), `difference` (two answers), `tested`
    and a study."""
    folder = tmp_path_factory.mktemp("circuits")
    graph = load_graph(library_folder / "graphs" / "sum")
    graph.save(folder / "grouped")
    save_state(folder / "grouped", group(prune(graph)).state())
    merge([graph, load_graph(library_folder / "graphs" / "other")]).graph.save(folder / "merged")
    model = mt.load_model("specimen:adder", device="cpu")
    dictionary = mt.load_dictionary("specimen:adder")
    target = LogitDifference("95", "85")
    mt.trace(model, SUM, dictionary, target, max_features=40).save(folder / "difference")
    shutil.copytree(folder / "grouped", folder / "tested")
    (folder / "tested" / "view.json").unlink()
    found = verify(graph, model, dictionary, options=VerifyOptions(sizes=(-1.0,)))
    save_verification(folder / "tested", found)
    content = {"study": "addition", "holds": 3, "fails": 1, "dictionary_kind": "clt"}
    manifest = Manifest(kind="study", schema_version=1, content=content)
    with new_artifact(folder / "addition", manifest, False) as at:
        (at / "report.html").write_text(REPORT)
    with RunningServer(Settings(folders=(folder,))) as server:
        yield Served(server.address.url, folder)


def test_automatic_groups_are_shown_edited_and_kept(page: Page, circuits: Served, shot):
    state = load_state(circuits.folder / "grouped")
    assert state is not None
    first = state.supernodes[0]
    assert is_automatic(first)
    assert len(first.members) > 2
    opened(page, circuits, "grouped")
    boxes = page.locator(".subgraph-box.group")
    expect(boxes).to_have_count(len(state.supernodes))
    box = page.locator(f'.subgraph-box[data-id="{first.id}"]')
    expect(box.locator("title")).to_contain_text(f"{len(first.members)} nodes")
    box.click()
    page.get_by_label("Name of the supernode").fill("what the digits add up to")
    out = page.get_by_role("button", name=f"Take {first.members[0]} out of the supernode")
    out.click()
    expect(box).to_contain_text("what the digits add up to")
    expect(box.locator("title")).to_contain_text(f"{len(first.members) - 1} nodes")
    shot("graph-groups", dark=True, width=1000)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".graph-actions [role=status]")).to_contain_text("Saved")
    opened(page, circuits, "grouped")
    page.reload()
    expect(box).to_contain_text("what the digits add up to")
    kept = load_state(circuits.folder / "grouped")
    assert kept is not None
    own = next(s for s in kept.supernodes if s.id == first.id)
    assert own.members == first.members[1:]
    assert not is_automatic(own)  # it is the reader's from now on
    again = group(prune(load_graph(circuits.folder / "grouped")), state=kept).state(kept)
    assert own in again.supernodes


def test_an_edge_into_a_difference_says_which_heads_carry_it(page: Page, circuits: Served, shot):
    opened(page, circuits, "difference")
    page.get_by_role("button", name="Pin the 12 of most influence").first.click()
    page.locator(".subgraph-foot input").fill("0")
    grips = page.locator(".flow-grip[aria-label*='“95” − “85”']")
    grips.first.focus()
    page.keyboard.press("Enter")
    total, edge = sums(page, ".edge-pane")
    assert total == pytest.approx(edge, rel=0.01)
    expect(page.locator(".edge-pane [role=alert]")).to_have_count(0)
    shot("edge-difference")


def test_a_merged_graph_says_which_prompts_a_node_is_of(page: Page, circuits: Served, shot):
    view = page.request.get(f"{circuits.url}api/graphs/{circuits.id('merged')}").json()
    first, second = (set(rows) for rows in view["merged"]["kept"])
    names = view["merged"]["prompts"]
    opened(page, circuits, "merged")
    choice = page.get_by_role("combobox", name="Prompts")
    expect(choice.get_by_role("option")).to_have_count(4)
    expect(page.locator(".prompt-choice")).to_contain_text("not in all")
    shot("graph-merged")
    own = next(i for i in sorted(first - second) if view["nodes"]["kind"][i] == "feature")
    page.goto(circuits.page(f"#/graph/{circuits.id('merged')}?node={view['nodes']['id'][own]}"))
    pane = page.locator(".node-prompts")
    expect(pane.locator("summary")).to_have_text("in the circuit of 1 of 2 prompts")
    lines = pane.get_by_role("listitem")
    expect(lines.nth(0)).to_contain_text(names[0])
    expect(lines.nth(0)).to_contain_text("influence")
    expect(lines.nth(1)).to_contain_text(re.compile("not there|pruned away"))
    shot("graph-merged-node", dark=True, width=1000)
    choice.select_option("common")
    page.locator(".graph-drawing[data-drawn]").first.wait_for()
    graph = ET.fromstring(exported(page, "SVG drawing"))
    drawn = part(graph, "graph")
    shapes = [e for e in drawn.iter() if e.tag.endswith(("circle", "polygon")) and e.get("fill")]
    hollow = [e for e in shapes if e.get("stroke-dasharray")]
    solid = [e for e in shapes if e.get("fill") != "none"]
    assert 0 < len(solid) <= len(first & second)
    assert not hollow
    choice.select_option("0")
    page.locator(".graph-drawing[data-drawn]").first.wait_for()
    root = ET.fromstring(exported(page, "SVG drawing"))
    assert [e for e in part(root, "graph").iter() if e.get("stroke-dasharray") == "2.4 2"]
    assert "not in the circuits of all prompts" in texts(part(root, "key"))


def test_a_picture_of_a_tested_graph_has_its_verdicts(page: Page, circuits: Served):
    opened(page, circuits, "tested")
    page.locator(".belief").click()
    page.get_by_role("button", name="Draw the tested groups").click()
    flows = page.locator(".subgraph .flow[data-verdict]")
    expect(flows.first).to_be_attached()
    seen = sorted(flow.get_attribute("data-verdict") or "" for flow in flows.all())
    badge = page.locator(".belief").inner_text().split(maxsplit=1)[1]
    root = ET.fromstring(exported(page, "SVG drawing"))
    circuit = part(root, "circuit")
    drawn = [path for path in circuit.iter(PATH) if path.get("data-verdict")]
    assert sorted(path.get("data-verdict") or "" for path in drawn) == seen
    assert "contradicted" in texts(circuit)
    assert "Verdicts (held):" in texts(circuit)
    assert any(badge in text for text in texts(part(root, "title")))
    page.get_by_role("checkbox", name="verdicts").uncheck()
    root = ET.fromstring(exported(page, "SVG drawing"))
    assert "contradicted" not in texts(part(root, "circuit"))
    assert not [path for path in root.iter(PATH) if path.get("data-verdict")]


def test_the_report_of_a_study_opens_and_runs_nothing(page: Page, circuits: Served, shot):
    page.goto(circuits.page("#/?kind=study"))
    row = page.locator(".entries li")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("3 of 4 hold")
    shot("library-study")
    with page.context.expect_page() as opening:
        page.get_by_role("link", name="addition").click()
    report = opening.value
    expect(report.get_by_role("heading", name="It holds")).to_be_visible()
    assert report.title() == "A study"
    colour = "getComputedStyle(document.querySelector('h1')).color"
    assert report.evaluate(colour) == "rgb(1, 2, 3)"
    assert report.evaluate("self.origin") == "null"
    report.close()


def test_names_in_the_subgraph_are_whole_where_there_is_room(page: Page, served: Served):
    opened(page, served, "graphs/sum")
    find(page, "first ends in 5, 6, 7, 8 or 9, second")
    page.keyboard.press("p")
    name = page.locator(".subgraph-box .name")
    whole = page.locator(".subgraph-box title").text_content() or ""
    expect(name).to_contain_text("second in 5, 6, 7, 8 or 9")
    assert (name.text_content() or "") in whole
    room = page.locator(".subgraph-box rect").last.bounding_box()
    text = name.bounding_box()
    assert room and text
    assert 0.7 * room["width"] < text["width"] < room["width"]
