"""Into the graph explorer and out of it: exports, files of other tools, new traces, labels."""

import json
import re
import shutil
import xml.etree.ElementTree as ET

import httpx
import pytest
from playwright.sync_api import Page, expect

from microtome.circuit import load_graph, prune
from microtome.circuit.neuronpedia import from_neuronpedia, write_neuronpedia
from microtome.server import RunningServer, Settings
from microtome.specimen import specimen_path
from tests.browser.conftest import Served
from tests.browser.test_graph import find, opened, selected, shown_counts


def exported(page: Page, name: str) -> bytes:
    page.locator(".menu summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    path = download.value.path()
    return path.read_bytes()


SPACE = "{http://www.w3.org/2000/svg}"


def said(page: Page):
    return page.locator(".graph-actions [role=status]")


def test_svg_is_a_vector_drawing(page, served):
    opened(page, served, "graphs/sum")
    root = ET.fromstring(exported(page, "SVG drawing"))
    expect(said(page)).to_contain_text("36-plus-59.svg saved")
    title, graph, key = (part(root, name) for name in ("title", "graph", "key"))
    nodes, edges = shown_counts(page)
    paths = list(graph.iter(f"{SPACE}path"))
    assert len(paths) == edges
    assert any(path.get("stroke-dasharray") for path in paths)
    shapes = [*graph.iter(f"{SPACE}circle"), *graph.iter(f"{SPACE}polygon")]
    assert len(shapes) == nodes
    assert "36" in texts(graph)
    assert any("95" in text for text in texts(graph))
    assert any(f"{nodes} of" in text for text in texts(title))
    assert {"feature", "adds", "takes away"} <= set(texts(key))
    assert root.find(f"{SPACE}g[@id='circuit']") is None


def part(root: ET.Element, name: str) -> ET.Element:
    found = root.find(f"{SPACE}g[@id='{name}']")
    assert found is not None
    return found


def texts(root: ET.Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SPACE}text")]


def test_the_circuit_is_below_the_graph(page, served):
    opened(page, served, "graphs/grouped")
    root = ET.fromstring(exported(page, "SVG drawing"))
    assert "both operands in range" in texts(part(root, "circuit"))


def test_png_is_a_picture(page, served):
    opened(page, served, "graphs/sum")
    data = exported(page, "PNG picture")
    expect(said(page)).to_contain_text("36-plus-59.png saved")
    assert data.startswith(b"\x89PNG")
    assert int.from_bytes(data[16:20]) > 1000  # twice the pane's width


def test_html_is_what_is_seen(page, served, tmp_path):
    opened(page, served, "graphs/sum")
    name = find(page, "sum ends in 5")
    page.keyboard.press("p")
    path = tmp_path / "page.html"
    path.write_bytes(exported(page, "HTML page"))
    expect(said(page)).to_contain_text("36-plus-59.html saved")
    counts = shown_counts(page)
    page.goto(path.as_uri())
    page.locator(".graph-drawing[data-drawn]").wait_for()
    assert shown_counts(page) == counts
    assert selected(page) == name
    expect(page.locator(".subgraph-box")).to_have_count(1)
    expect(page.locator(".threshold .soft").first).to_contain_text("kept here")


def test_neuronpedia_json_is_read_by_python(page, served):
    opened(page, served, "graphs/grouped")
    document = json.loads(exported(page, "Neuronpedia JSON"))
    expect(said(page)).to_contain_text("the format has no place for bias")
    assert document["metadata"]["info"]["generator"]["version"]
    assert document["metadata"]["generation_settings"]
    graph = from_neuronpedia(document, "the export")
    kept = prune(load_graph(served.folder / "graphs" / "grouped"), 0.8, 0.98)
    kinds = [kind for i, kind in enumerate(kept.graph.nodes.kind) if bool(kept.nodes[i])]
    assert len(graph.nodes) == len(kinds) - kinds.count("bias")
    names = {kept.graph.nodes.name(i) for i in kept.nodes.nonzero()[:, 0].tolist()} - {"bias"}
    assert {graph.nodes.name(i) for i in range(len(graph.nodes))} == names
    [(label, *members)] = graph.info["supernodes"]
    assert label == "both operands in range"
    assert len(members) == 3


@pytest.fixture
def foreign(served, tmp_path):
    """A graph in the format, as a file."""
    path = tmp_path / "from-elsewhere.json"
    write_neuronpedia(prune(load_graph(served.folder / "graphs" / "other"), 0.7, 0.9), path)
    return path


def choose(page: Page, path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Open file").click()
    chooser.value.set_files(path)


def test_a_chosen_file_is_opened(page, served, foreign, shot):
    opened(page, served, "graphs/sum")
    choose(page, foreign)
    expect(page.locator(".graph-head h1")).to_contain_text("88")
    document = json.loads(foreign.read_text())
    page.locator(".graph-drawing[data-drawn]").wait_for()
    assert shown_counts(page)[0] <= len(document["nodes"])
    expect(page.get_by_role("button", name="Save", exact=True)).to_have_count(0)
    find(page, "sum")
    shot("graph-imported")


def test_a_dropped_file_is_opened(page, served, foreign):
    opened(page, served, "graphs/sum")
    transfer = page.evaluate_handle(
        """(text) => { const t = new DataTransfer();
        t.items.add(new File([text], 'dropped.json')); return t; }""",
        foreign.read_text(),
    )
    page.dispatch_event(".graph-page", "drop", {"dataTransfer": transfer})
    expect(page.locator(".graph-head h1")).to_contain_text("88")


def test_graphs_of_circuit_tracer_open(page, served):
    files = sorted((served.folder / "other-tools").glob("prompt-*.json"))
    if not files:
        pytest.skip("the reference material is not here")
    opened(page, served, "graphs/sum")
    choose(page, files[0])
    document = json.loads(files[0].read_text())
    expect(page.locator(".threshold .soft").first).to_contain_text(f"of {len(document['nodes']):,}")


@pytest.mark.parametrize("text", ["no json", '{"nodes": 3}'])
def test_a_file_that_is_no_graph_is_refused_with_a_sentence(
    page, served, complaints, tmp_path, text
):
    complaints.allow("422")
    complaints.allow("400")
    opened(page, served, "graphs/sum")
    path = tmp_path / "other.json"
    path.write_text(text)
    choose(page, path)
    status = page.locator(".graph-actions [role=status]")
    expect(status).to_contain_text(re.compile("not JSON|imported graph|metadata|field", re.I))
    expect(page.locator(".graph-head h1")).to_contain_text("59")  # the graph is still there


def test_a_new_trace_from_the_prompt_bar(page, served, shot):
    opened(page, served, "graphs/sum")
    page.get_by_role("button", name="New trace").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Prompt")).to_be_focused()
    for name in ("Model", "Dictionary"):
        options = dialog.get_by_label(name).locator("option")
        options.first.wait_for(state="attached")
        texts = options.all_inner_texts()
        best = next((t for t in texts if "specimen:adder" in t), texts[0])
        dialog.get_by_label(name).select_option(label=best)
    dialog.get_by_label("Prompt").fill("21 + 17 =")
    dialog.get_by_label("Explain the next token").fill("38")
    dialog.get_by_label("rather than").fill("39")
    shot("graph-trace")
    before = page.url
    dialog.get_by_role("button", name="Trace").click()
    expect(dialog).to_have_count(0, timeout=60_000)
    page.locator(".graph-drawing[data-drawn]").wait_for()
    assert page.url != before
    expect(page.locator(".graph-head h1")).to_contain_text("21")
    expect(page.locator(".explain option").nth(1)).to_contain_text("38")


def test_a_trace_that_cannot_be_made_says_why(page, served):
    opened(page, served, "graphs/sum")
    page.get_by_role("button", name="New trace").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("rather than").fill("39")
    expect(dialog).to_contain_text("exactly one token")
    dialog.get_by_label("rather than").fill("")
    dialog.get_by_label("Prompt").fill("the cat sat")
    dialog.get_by_role("button", name="Trace").click()
    expect(dialog.get_by_role("alert")).to_contain_text("vocabulary", timeout=60_000)


def test_a_label_is_edited_and_stays(page, served):
    opened(page, served, "graphs/sum")
    find(page, "sum 9")
    name = selected(page)
    page.get_by_role("tab", name="Feature").click()
    field = page.get_by_label("Label of the feature")
    field.fill("nineties, of all things")
    page.get_by_role("button", name="Save label").click()
    expect(page.locator(".node-title")).to_contain_text("nineties, of all things")
    expect(page.locator(".node-title .source-mark")).to_have_text("person")
    expect(page.locator(".label-editor")).to_contain_text("Saved.")
    page.reload()
    page.locator(".graph-drawing[data-drawn]").wait_for()
    assert find(page, "nineties, of all") == name


def test_an_edit_that_came_first_is_not_lost(page, served, complaints):
    complaints.allow("409")
    opened(page, served, "graphs/other")
    find(page, "sum")
    page.get_by_role("tab", name="Feature").click()
    layer, feature = re.findall(r"\d+", selected(page))[:2]
    prints = httpx.get(f"{served.url}api/graphs/{served.id('graphs/other')}", trust_env=False)
    edit = {
        "dictionary": prints.json()["dictionary_fingerprint"],
        "encoder": int(layer),
        "feature": int(feature),
        "label": "the other's",
        "version": 0,
    }
    page.route("**/api/annotations?**", lambda route: route.fulfill(json=[]))  # read before it
    answer = httpx.put(f"{served.url}api/annotations", json=edit, trust_env=False)
    assert answer.status_code == 200, answer.text
    page.get_by_label("Label of the feature").fill("mine")
    page.get_by_role("button", name="Save label").click()
    expect(page.locator(".label-editor")).to_contain_text("the other's")
    page.get_by_role("button", name="Save label").click()
    expect(page.locator(".node-title")).to_contain_text("mine")


@pytest.fixture
def atlas_served(served, tmp_path):
    """The graph beside the bundled atlas of its dictionary, behind a server of their own."""
    shutil.copytree(served.folder / "graphs" / "sum", tmp_path / "sum")
    shutil.copytree(specimen_path("specimen:adder", "atlas"), tmp_path / "atlas")
    with RunningServer(Settings(folders=(tmp_path,))) as server:
        yield Served(server.address.url, tmp_path)


def test_an_atlas_tells_what_a_feature_means(atlas_served, page, shot):
    opened(page, atlas_served, "sum")
    find(page, "sum 9")
    page.get_by_role("tab", name="Feature").click()
    details = page.locator(".feature-details")
    expect(details).to_contain_text("Promotes")
    assert details.locator(".token-text .token.peak").count() >= 3
    shot("graph-feature")
    shot("graph-feature", dark=True)
    layer, feature = re.findall(r"\d+", selected(page))[:2]
    details.get_by_role("link", name=re.compile("all about")).click()
    expect(page.locator("h1")).to_contain_text(f"{layer}/{feature}")


def test_without_an_atlas_the_pane_says_how_to_make_one(page, served):
    opened(page, served, "graphs/sum")
    find(page, "sum 9")
    page.get_by_role("tab", name="Feature").click()
    details = page.locator(".feature-details")
    expect(details).to_contain_text(re.compile("microtome atlas build|Promotes"))
