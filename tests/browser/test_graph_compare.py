"""Two graphs side by side."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from microtome.circuit import load_graph, prune

LEFT, RIGHT = "graphs/sum", "graphs/other"


@pytest.fixture
def compared(page: Page, served) -> Page:
    page.goto(served.page(f"#/graph/{served.id(LEFT)}/vs/{served.id(RIGHT)}"))
    page.locator(".graph-drawing[data-drawn]").nth(1).wait_for()
    return page


def features_kept(served, path: str) -> set[str]:
    kept = prune(load_graph(served.folder / path), 0.7, 0.9)
    nodes = kept.graph.nodes
    return {nodes.name(i) for i in nodes.where("feature").tolist() if bool(kept.nodes[i])}


def test_nodes_of_one_graph_alone_are_listed(compared, served, shot):
    left, right = features_kept(served, LEFT), features_kept(served, RIGHT)
    assert left - right
    compared.get_by_role("tab", name="Only left").click()
    rows = compared.locator("aside .link-row .small").all_inner_texts()
    listed = {text.split()[0] for text in rows if text.startswith("L")}
    assert listed == {name.split("@")[0] for name in left - right}
    shot("graph-compare")
    shot("graph-compare", dark=True, width=2560)


def test_changed_edges_have_both_shares(compared, served):
    first = compared.locator("aside .link-row").first
    shares = first.locator(".link-share").all_inner_texts()
    assert len(shares) == 2
    rows = compared.locator("aside .link-row").all_inner_texts()
    assert any("“36” | “7”" in row for row in rows), rows
    assert any(re.search(r"→ .* L\d/\d+", row) for row in rows), rows
    assert shares[0] != shares[1]
    compared.get_by_label("changed edges only").check()
    assert "changed=1" in compared.url


def test_selection_and_hover_are_linked(compared):
    first = compared.locator("aside .link-row").first
    first.click()
    lists = compared.locator(".compare-links h3")
    expect(lists).to_have_count(2)
    rows = compared.locator(".compare-links").first.locator(".link-row")
    rows.filter(has_text=re.compile(r"^“")).first.hover()
    for i in (0, 1):
        drawing = compared.locator(".graph-drawing").nth(i)
        expect(drawing).to_have_attribute("data-hover", re.compile(r"^token \d+@\d"))


def test_both_drawings_move_together(compared):
    def at_node(i: int) -> str:
        return compared.locator(".graph-drawing").nth(i).get_attribute("data-hover") or ""

    left, right = (compared.locator(".graph-drawing").nth(i).bounding_box() for i in (0, 1))
    assert left
    assert right
    spots = [(x, y) for y in range(60, 130, 8) for x in range(60, int(left["width"]) - 10, 6)]
    for x, y in spots:  # from the tokens upwards
        compared.mouse.move(left["x"] + x, left["y"] + left["height"] - y)
        if at_node(0).startswith("token"):
            break
    here = at_node(0)
    compared.mouse.down()
    compared.mouse.move(left["x"] + x + 40, left["y"] + left["height"] - y - 30, steps=3)
    compared.mouse.up()
    x, y = x + 40, y + 30
    compared.mouse.move(right["x"] + x, right["y"] + right["height"] - y)
    assert at_node(1).startswith("token")
    assert at_node(0) == here


def test_graphs_of_two_dictionaries_say_that_features_do_not_match(page, served, tmp_path):
    def other_dictionary(route):
        answer = route.fetch()
        view = answer.json()
        view["dictionary_fingerprint"] = "another"
        route.fulfill(response=answer, body=json.dumps(view))

    page.route(f"**/api/graphs/{served.id(RIGHT)}", other_dictionary)
    page.goto(served.page(f"#/graph/{served.id(LEFT)}/vs/{served.id(RIGHT)}"))
    expect(page.locator(".graph-toolbar")).to_contain_text("cannot be matched")
    page.get_by_role("tab", name="Only right").click()
    names = page.locator("aside .link-row .small").all_inner_texts()
    listed = {name.split()[0] for name in names if name.startswith("L")}
    assert listed == {name.split("@")[0] for name in features_kept(served, RIGHT)}


def test_the_library_offers_graphs_to_compare(page, served):
    page.goto(served.page(f"#/graph/{served.id(LEFT)}"))
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("other")).first.click()
    page.locator(".graph-drawing[data-drawn]").nth(1).wait_for()
    assert "/vs/" in page.url
