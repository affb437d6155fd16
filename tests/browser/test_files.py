"""Exported files opened from disk, and the notebook's module, in a real browser."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from microtome.atlas.page import Band, Example, FeaturePage, FeatureRow, Histogram, TokenScore
from microtome.circuit import load_graph
from microtome.circuit.graph_view import graph_view
from microtome.cli.html_document import html_document
from microtome.viewer import html_page
from microtome.viewer.built import embed
from microtome.viewer.widget import notebook_module
from tests.browser.conftest import Shot
from tests.conftest import SHARED

HOSTILE = '</script><script>document.title="taken"</script><img src=x onerror=alert(1)>'


@pytest.fixture
def write(tmp_path: Path, built: Path):
    """Export a path of the library as the command does; the file's address."""

    def call(path: Path, **options) -> str:
        asked = {"feature": None, "atlas": None, "nodes": 0.8, "edges": 0.98} | options
        document, title = html_document(str(path), **asked)
        page = tmp_path / "page.html"
        page.write_text(html_page(document, title), encoding="utf-8")
        assert page.stat().st_size < 3_000_000
        return page.as_uri()

    return call


def test_a_graph_opens_from_disk_with_its_pins(page: Page, write, library_folder: Path, shot: Shot):
    page.goto(write(library_folder / "graphs" / "grouped"))
    expect(page).to_have_title("36 + 59 =")
    view = page.locator("#microtome")
    expect(view.get_by_role("button", name="both operands in range")).to_be_visible()
    expect(view.get_by_text("specimen:adder").first).to_be_visible()
    expect(view.get_by_text(re.compile("replacement", re.IGNORECASE)).first).to_be_visible()
    expect(view.get_by_role("img", name=re.compile("Attribution graph of 36"))).to_be_visible()
    shot("file-graph")
    shot("file-graph", dark=True)


def test_a_graph_of_other_hands_opens_from_disk(
    page: Page, write, library_folder: Path, shot: Shot
):
    if not SHARED.is_dir():
        pytest.skip(f"no graphs of circuit-tracer at {SHARED}")
    path = library_folder / "other-tools" / "prompt-0.json"
    page.goto(write(path))
    expect(page.locator("#microtome").get_by_text("stories260K-plt").first).to_be_visible()
    shown = json.loads(page.locator("#microtome-document").text_content() or "")
    assert len(shown["graph"]["nodes"]["id"]) == len(json.loads(path.read_text())["nodes"])
    shot("file-graph-other-hands")


def test_an_evaluation_and_a_run_open_from_disk(
    page: Page, write, library_folder: Path, shot: Shot
):
    page.goto(write(library_folder / "evaluations" / "tiny"))
    expect(page.get_by_text("blocks.0.mlp.out").first).to_be_visible()
    shot("file-evaluation")
    page.goto(write(library_folder / "runs" / "tiny"))
    expect(page.get_by_text("60").first).to_be_visible()
    assert page.locator("#microtome svg, #microtome canvas").count() > 0
    shot("file-run")


def feature_page(label: str) -> FeaturePage:
    """A feature of which everything is known, in words that are no friend of HTML."""
    row = {"id": 7, "encoder": 3, "feature": 7, "layer": 3, "name": "L3/7", "label": label}
    row |= {"label_source": "automatic", "density": 0.01, "maximum": 4.0}
    example = Example(
        document=0, position=0, activation=4.0, peak=1, tokens=["36", HOSTILE], values=[0.0, 4.0]
    )
    score = [TokenScore(token=1, text=HOSTILE, score=2.5)]
    neighbour = FeatureRow.model_validate(row | {"score": 0.5, "feature": 8, "name": "L3/8"})
    return FeaturePage.model_validate(
        row
        | {
            "dictionary": "specimen:adder",
            "model": "specimen:adder",
            "site": "blocks.3.mlp.in",
            "count": 100,
            "mean": 1.0,
            "quantiles": {"0.5": 1.0, "0.9": 3.0},
            "histogram": Histogram(edges=[0.1, 1.0, 10.0], counts=[40, 60]),
            "bands": [Band(name="top", low=3.0, high=4.0, examples=[example])],
            "top_logits": score,
            "bottom_logits": score,
            "active_tokens": score,
            "before_tokens": score,
            "positions": [0.5, 0.5],
            "position_edges": [0, 1],
            "decoder_neighbours": [neighbour],
            "encoder_neighbours": [],
            "coactive_neighbours": [],
            "x": 0.0,
            "y": 1.0,
            "cluster": 0,
            "cluster_label": "sums",
            "automatic_label": label,
            "automatic_score": 0.9,
            "automatic_source": "automatic",
            "automatic_precision": 0.9,
            "automatic_recall": 0.9,
        }
    )


def test_a_feature_with_hostile_words_shows_them_as_words(
    page: Page, built: Path, tmp_path: Path, shot: Shot
):
    document = {"kind": "feature", "page": feature_page(HOSTILE)}
    (tmp_path / "feature.html").write_text(html_page(document, HOSTILE), encoding="utf-8")
    page.goto((tmp_path / "feature.html").as_uri())
    expect(page).to_have_title(HOSTILE)
    view = page.locator("#microtome")
    expect(view.get_by_text("L3/7").first).to_be_visible()
    expect(view.get_by_text('document.title="taken"').first).to_be_visible()
    assert view.locator("img").count() == 0
    shot("file-feature")


def test_what_is_not_the_viewers_own_script_does_not_run(
    page: Page, complaints, built: Path, tmp_path: Path
):
    """The policy holds even if something got into the page."""
    text = html_page({"kind": "feature", "page": feature_page("x")}, "honest")
    text = text.replace("</body>", '<script>document.title="taken"</script></body>')
    text = text.replace("</body>", "<script>fetch('http://127.0.0.1:1/')</script></body>")
    (tmp_path / "taken.html").write_text(text, encoding="utf-8")
    complaints.allow("Content Security Policy")
    page.goto((tmp_path / "taken.html").as_uri())
    expect(page.locator("#microtome").get_by_text("L3/7").first).to_be_visible()
    expect(page).to_have_title("honest")
    refused = page.evaluate(
        "fetch('http://127.0.0.1:1/').then(() => 'sent', (error) => error.message)"
    )
    assert refused != "sent"


NOTEBOOK = """<!doctype html><link rel="stylesheet" href="/widget.css">
<body data-jp-theme-light="{light}"><p id="above">a cell</p><div id="output"></div>
<script type="module">
import widget from '{module}';
const listeners = {{}};
const values = {values};
const model = {{
  get: (name) => values[name],
  set: (name, value) => {{ values[name] = value; (listeners[name] ?? []).forEach((f) => f()); }},
  on: (event, f) => (listeners[event.replace('change:', '')] ??= []).push(f),
  off: () => {{}},
}};
const el = document.getElementById('output');
window.model = model;
window.stop = widget.render({{ model, el }});
</script></body>"""


def test_the_notebooks_module_renders_as_anywidget_loads_it(
    page: Page, built: Path, library_folder: Path, shot: Shot
):
    """A page that does what anywidget does: load the style, import the module, call `render`."""
    graph = load_graph(library_folder / "graphs" / "sum")
    document = {"kind": "graph", "graph": graph_view(graph).model_dump(mode="json"), "features": {}}
    values = {"document": json.dumps(document), "height": 600}
    light = "false"  # JupyterLab in its dark theme
    html = NOTEBOOK.format(
        module="/widget.js", values=json.dumps(values).replace("</", "<\\/"), light=light
    )
    base = "http://127.0.0.1:9"
    page.route(f"{base}/", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.route(
        f"{base}/widget.js",
        lambda route: route.fulfill(
            body=notebook_module(embed()), content_type="text/javascript; charset=utf-8"
        ),
    )
    page.route(
        f"{base}/widget.css",
        lambda route: route.fulfill(body=embed().style, content_type="text/css; charset=utf-8"),
    )
    page.route(f"{base}/favicon.ico", lambda route: route.fulfill(status=204))
    page.goto(f"{base}/")
    output = page.locator("#output")
    expect(output.get_by_text("specimen:adder").first).to_be_visible()
    assert output.locator("> div").first.bounding_box()["height"] == pytest.approx(600, abs=4)
    assert page.locator("#above").evaluate("e => getComputedStyle(e).fontFamily") != output.locator(
        ".microtome"
    ).first.evaluate("e => getComputedStyle(e).fontFamily")  # the notebook keeps its own style
    assert output.locator("[data-theme=dark]").count() == 1
    shot("notebook")
    page.evaluate("model.set('height', 400)")
    expect(output.get_by_text("specimen:adder").first).to_be_visible()
    assert output.locator("> div").first.bounding_box()["height"] == pytest.approx(400, abs=4)
    page.evaluate("window.stop()")
    expect(output.get_by_text("specimen:adder")).to_have_count(0)
