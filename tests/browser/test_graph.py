"""The graph explorer on the adder's graph, as a reader uses it."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from microtome.circuit import load_graph, prune


@pytest.fixture
def explorer(page: Page, served) -> Page:
    return opened(page, served, "graphs/sum")


def opened(page: Page, served, path: str, query: str = "") -> Page:
    page.goto(served.page(f"#/graph/{served.id(path)}{query}"))
    page.locator(".graph-drawing[data-drawn]").first.wait_for()
    return page


def find(page: Page, words: str) -> str:
    """Select a node by its label; the id of what is then selected."""
    page.get_by_label("Search labels in the graph").fill(words)
    page.keyboard.press("Enter")
    expect(page.locator(".node-title")).to_be_visible()
    return selected(page)


def selected(page: Page) -> str:
    return page.locator(".graph-page").get_attribute("data-selected") or ""


def point_at_a_node(page: Page) -> tuple[float, float]:
    """Move over the drawing until the pointer is on a node, and to its middle."""
    x, _, bottom = extent_of_a_node(page)
    page.mouse.move(x, bottom - REACH)
    assert hovered(page)
    return x, bottom - REACH


REACH = 13
"""A node is pointed at from so many pixels away."""


def extent_of_a_node(page: Page) -> tuple[float, float, float]:
    """Where a pointer is on the highest node or on its label, which is centred above it: the x of
    their middle, the first y and the last."""
    box = page.locator(".graph-drawing").first.bounding_box()
    assert box
    for y in range(20, int(box["height"]) - 40, 9):
        for x in range(int(box["width"] * 0.5), int(box["width"]) - 20, 16):
            page.mouse.move(box["x"] + x, box["y"] + y)
            if hovered(page):
                return middle_of_a_node(page, box["x"] + x, box["y"] + y)
    raise AssertionError("no node under the pointer anywhere")


def middle_of_a_node(page: Page, x: float, y: float) -> tuple[float, float, float]:
    name = hovered(page)

    def last(dx: int, dy: int, x: float, y: float) -> tuple[float, float]:
        while hovered(page) == name:
            x, y = x + dx, y + dy
            page.mouse.move(x, y)
        page.mouse.move(x - dx, y - dy)
        return x - dx, y - dy

    left, _ = last(-2, 0, x, y)
    right, _ = last(2, 0, x, y)
    middle = round((left + right) / 2)
    page.mouse.move(middle, y)
    _, bottom = last(0, 2, middle, y)
    page.mouse.move(middle, y)
    _, top = last(0, -2, middle, y)
    return middle, top, bottom


def hovered(page: Page) -> str:
    return page.locator(".graph-drawing").first.get_attribute("data-hover") or ""


def shown_counts(page: Page) -> tuple[int, int]:
    texts = page.locator(".threshold .soft").all_inner_texts()
    nodes, edges = (int(text.split(" of ")[0].replace(",", "")) for text in texts)
    return nodes, edges


@pytest.mark.parametrize(("node", "edge"), [(0.8, 0.98), (0.5, 0.9), (0.95, 0.6)])
def test_pruning_is_that_of_python(explorer, served, node, edge):
    kept = prune(load_graph(served.folder / "graphs" / "sum"), node, edge)
    sliders = explorer.get_by_role("slider", name=re.compile("share of influence kept"))
    sliders.nth(0).fill(str(node))
    sliders.nth(1).fill(str(edge))
    expected = f"{int(kept.nodes.sum()):,} of {len(kept.nodes):,}"
    expect(explorer.locator(".threshold .soft").nth(0)).to_have_text(expected)
    assert shown_counts(explorer)[1] == int(kept.edges.sum())


def test_hover_click_and_lists_show_inputs_and_outputs(explorer, served, shot):
    x, y = point_at_a_node(explorer)
    name = hovered(explorer)
    shot("graph-hover")
    explorer.mouse.click(x, y)
    assert selected(explorer) == name
    graph = load_graph(served.folder / "graphs" / "sum")
    names = [graph.nodes.name(i) for i in range(len(graph.nodes))]
    row = {int(n): r for r, n in enumerate(graph.rows)}[names.index(name)]
    shares = graph.edges[row].abs() / graph.mass[row]
    first = explorer.get_by_role("list", name="inputs").get_by_role("button").first
    best = 100 * float(shares.max())
    expect(first).to_contain_text(f"{best:.1f}%" if best < 9.95 else f"{best:.0f}%")
    sign = "+" if float(graph.edges[row][int(shares.argmax())]) > 0 else "−"
    expect(first.locator(".link-share")).to_contain_text(sign)
    shot("graph-selected")
    shot("graph-selected", dark=True, width=2560)
    explorer.get_by_role("list", name="inputs").get_by_role("button").first.click()
    name = selected(explorer)
    explorer.get_by_role("tab", name="Outputs").click()
    column = {int(n): c for c, n in enumerate(graph.columns)}[names.index(name)]
    n_outputs = int((graph.edges[:, column] != 0).sum())
    expect(explorer.locator(".links-orders")).to_contain_text(f"{n_outputs} outputs")


def test_lists_are_sorted_and_walked_with_keys(explorer):
    find(explorer, "sum 9")
    rows = explorer.get_by_role("list", name="inputs").locator(".link-row")
    weights = explorer.locator(".link-weight")
    explorer.get_by_role("button", name="weight", exact=True).click()
    texts = [text.replace("≈0", "0").replace("−", "-") for text in weights.all_inner_texts()]
    values = [float(text) for text in texts]
    assert values == sorted(values, reverse=True)
    rows.first.focus()
    explorer.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    before = selected(explorer)
    explorer.keyboard.press("Enter")
    expect(explorer.locator(".graph-page")).not_to_have_attribute("data-selected", before)


def test_arrow_keys_walk_and_enter_selects(explorer):
    explorer.keyboard.press("ArrowDown")
    first = hovered(explorer)
    assert first.startswith("logit")
    explorer.keyboard.press("ArrowDown")
    below = hovered(explorer)
    assert below not in ("", first)
    explorer.keyboard.press("ArrowLeft")
    explorer.keyboard.press("Enter")
    assert selected(explorer) not in ("", first, below)
    explorer.keyboard.press("Escape")
    assert selected(explorer) == ""


def test_what_a_new_list_puts_under_the_pointer_is_not_hovered(explorer):
    row = explorer.locator(".overview .link-row").nth(5)
    box = row.bounding_box()
    assert box
    x, y = box["x"] + 60, box["y"] + 12
    explorer.mouse.move(x - 5, y)
    explorer.mouse.move(x, y)
    assert hovered(explorer)
    explorer.mouse.click(x, y)
    rows = explorer.get_by_role("list", name="inputs").locator(".link-row")
    rows.first.wait_for()
    explorer.evaluate("() => new Promise(requestAnimationFrame)")
    assert hovered(explorer) == ""
    rows.nth(3).hover()
    named = "document.querySelector('.graph-drawing').dataset.hover"
    explorer.wait_for_function(f"{named} !== ''")
    assert hovered(explorer) != selected(explorer)


def test_a_click_on_a_label_selects_its_node(explorer):
    x, top, bottom = extent_of_a_node(explorer)
    assert bottom - top > 2 * REACH + 8  # more than the node itself
    explorer.mouse.move(x, top + 2)
    name = hovered(explorer)
    assert name
    explorer.mouse.click(x, top + 2)
    assert selected(explorer) == name


def test_back_returns_to_the_node_before_and_keeps_pins(explorer):
    url = explorer.url
    first = find(explorer, "sum ends in 5")
    explorer.wait_for_function("url => location.href !== url", arg=url)
    url = explorer.url
    explorer.get_by_role("list", name="inputs").get_by_role("button").first.click()
    second = selected(explorer)
    assert second != first
    explorer.wait_for_function("url => location.href !== url", arg=url)
    explorer.keyboard.press("Escape")  # from the list to the page
    explorer.get_by_role("button", name="Pin the 12 of most influence").click()
    expect(explorer.locator(".subgraph-box")).to_have_count(12)
    page = explorer.locator(".graph-page")
    explorer.wait_for_timeout(400)  # the address is written at rest
    explorer.go_back()
    expect(page).to_have_attribute("data-selected", second)
    explorer.go_back()
    expect(page).to_have_attribute("data-selected", first)
    expect(explorer.locator(".subgraph-box")).to_have_count(12)
    explorer.wait_for_timeout(400)
    explorer.go_forward()
    expect(page).to_have_attribute("data-selected", second)


def test_pin_group_name_ungroup_undo_redo(explorer, shot):
    explorer.get_by_role("button", name="Pin the 12 of most influence").click()
    boxes = explorer.locator(".subgraph-box")
    expect(boxes).to_have_count(12)
    explorer.keyboard.press("Shift+G")
    group = explorer.locator(".subgraph-box.group")
    expect(group).to_have_count(1)
    expect(explorer.get_by_label("Name of the supernode")).to_be_focused()
    explorer.keyboard.press("Enter")
    n_grouped = boxes.count()
    assert n_grouped < 12
    group.click()
    name = explorer.get_by_label("Name of the supernode")
    assert selected(explorer) == ""  # the supernode is shown, not one of its members
    name.fill("digits that carry")
    name.press("Enter")
    expect(name).not_to_be_focused()
    expect(group).to_contain_text("digits that carry")
    shot("graph-supernode")
    shot("graph-supernode", dark=True)
    explorer.get_by_role("button", name=re.compile("Take .* out of the supernode")).first.click()
    expect(boxes).to_have_count(n_grouped + 1)
    explorer.keyboard.press("Control+z")
    expect(boxes).to_have_count(n_grouped)
    explorer.keyboard.press("Control+z")
    expect(group).not_to_contain_text("digits that carry")
    explorer.keyboard.press("Control+Shift+z")
    expect(group).to_contain_text("digits that carry")
    explorer.get_by_role("button", name=re.compile("Ungroup")).click()
    expect(boxes).to_have_count(12)
    explorer.keyboard.press("Control+z")
    expect(boxes).to_have_count(n_grouped)


def test_marked_nodes_are_added_to_a_supernode(explorer):
    explorer.get_by_role("button", name="Pin the 12 of most influence").click()
    explorer.keyboard.press("Shift+G")
    x, y = point_at_a_node(explorer)  # a logit: it is in no supernode of features
    explorer.keyboard.down("Shift")
    explorer.mouse.click(x, y)
    explorer.keyboard.up("Shift")
    expect(explorer.locator("span.marked")).to_contain_text("1 marked")
    explorer.locator(".subgraph-box.group").click()
    members = explorer.get_by_role("list", name="members").get_by_role("listitem")
    before = members.count()
    explorer.get_by_role("button", name="Add 1 marked").click()
    expect(members).to_have_count(before + 1)


def test_shift_and_drag_marks_what_is_inside(explorer):
    box = explorer.locator(".graph-drawing").bounding_box()
    assert box
    explorer.keyboard.down("Shift")
    explorer.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 30)
    explorer.mouse.down()
    explorer.mouse.move(box["x"] + box["width"] - 10, box["y"] + box["height"] * 0.5, steps=4)
    explorer.mouse.up()
    explorer.keyboard.up("Shift")
    text = explorer.locator("span.marked").inner_text()
    assert int(text.split()[0]) > 5


def test_boxes_of_the_subgraph_are_dragged(explorer):
    explorer.get_by_role("button", name="Pin the 12 of most influence").click()
    box = explorer.locator(".subgraph-box").last
    before = box.bounding_box()
    assert before
    explorer.mouse.move(before["x"] + 20, before["y"] + 10)
    explorer.mouse.down()
    explorer.mouse.move(before["x"] + 110, before["y"] - 20, steps=5)
    explorer.mouse.up()
    left = "[...document.querySelectorAll('.subgraph-box')].at(-1).getBoundingClientRect().x"
    explorer.wait_for_function(f"x => {left} - x > 30", arg=before["x"])
    explorer.get_by_role("button", name="Arrange anew").click()
    explorer.wait_for_function(f"x => Math.abs({left} - x) < 2", arg=before["x"])


def test_kinds_are_hidden(explorer, served):
    label = explorer.get_by_role("img", name=re.compile("Attribution graph"))
    explorer.get_by_role("button", name="token", exact=True).click()
    expect(explorer.get_by_role("button", name="token", exact=True)).to_have_attribute(
        "aria-pressed", "false"
    )
    explorer.locator(".graph-drawing[data-drawn]").wait_for()
    for _ in range(8):  # no arrow leads to a token
        explorer.keyboard.press("ArrowDown")
        assert not hovered(explorer).startswith("token")
    assert label.count() == 1


def test_a_permalink_holds_the_whole_state(explorer, page, served):
    explorer.get_by_role("button", name="Pin the 12 of most influence").click()
    explorer.keyboard.press("Shift+G")
    explorer.locator(".subgraph-box.group").click()
    explorer.get_by_label("Name of the supernode").fill("die Übertragsstellen")
    find(explorer, "sum 9")
    chosen = selected(explorer)
    explorer.get_by_role("slider", name=re.compile("^Nodes")).fill("0.6")
    counts = shown_counts(explorer)
    explorer.get_by_role("button", name="Copy link").click()
    expect(explorer.get_by_role("status").first).to_contain_text("Link copied")
    link = explorer.evaluate("navigator.clipboard.readText()")
    page.goto("about:blank")
    page.goto(link)
    page.locator(".graph-drawing[data-drawn]").wait_for()
    assert selected(page) == chosen
    assert shown_counts(page) == counts
    expect(page.locator(".subgraph-box.group")).to_contain_text("die Übertragsstellen")


def test_a_damaged_permalink_says_so(page, served):
    opened(page, served, "graphs/sum", "?state=1zzzz")
    expect(page.get_by_role("status").first).to_contain_text("damaged")


def test_state_is_saved_to_the_artifact(page, served):
    opened(page, served, "graphs/other")
    chosen = find(page, "sum")
    page.keyboard.press("p")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("Saved")
    state = json.loads((served.folder / "graphs" / "other" / "view.json").read_text())
    assert chosen in json.dumps(state)
    opened(page, served, "graphs/other")
    page.reload()
    page.locator(".graph-drawing[data-drawn]").wait_for()
    assert selected(page) == chosen


def test_a_saved_supernode_is_there_again(page, served, shot):
    opened(page, served, "graphs/grouped")
    expect(page.locator(".subgraph-box.group")).to_contain_text("both operands")
    shot("graph-grouped")


def test_a_difference_of_logits_is_explained(page, served, shot):
    explorer = opened(page, served, "graphs/answers")
    select = explorer.locator(".explain select")
    answers = select.first.locator("option").all_inner_texts()
    assert len(answers) >= 3  # influence, and two sums
    select.first.select_option(index=1)
    explorer.locator(".explain select").nth(1).select_option(index=1)
    rows = explorer.get_by_role("list", name="effects").get_by_role("button")
    sizes = [
        abs(float(text.replace("−", "-")))
        for text in explorer.locator(".effects .link-share").all_inner_texts()
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert rows.count() > 20
    shot("graph-difference")
    shot("graph-difference", dark=True, width=2560)
    explorer.get_by_role("button", name="direct effect").click()
    assert "plus=" in explorer.url
    assert "minus=" in explorer.url


def test_any_pane_fills_the_window(explorer, shot):
    explorer.locator(".graph-drawing canvas").nth(1).hover()
    explorer.keyboard.press("f")
    full = explorer.locator(".pane-graph").bounding_box()
    assert full
    assert (full["width"], full["height"]) == (1280, 800)
    shot("graph-full")
    explorer.keyboard.press("Escape")
    explorer.get_by_role("button", name="Pin the 12 of most influence").click()
    explorer.get_by_role("button", name="Fill the window with the subgraph").click()
    assert (explorer.locator(".pane-subgraph").bounding_box() or {})["width"] == 1280
    explorer.keyboard.press("f")
    assert (explorer.locator(".pane-subgraph").bounding_box() or {})["width"] < 1280


def test_panes_are_resized_by_mouse_and_keys(explorer):
    bar = explorer.get_by_role("separator", name="Width of the graph")
    before = width_of_graph(explorer)
    share = int(bar.get_attribute("aria-valuenow") or 0)
    bar.focus()
    explorer.keyboard.press("ArrowLeft")
    expect(bar).to_have_attribute("aria-valuenow", str(share - 3))
    after = width_of_graph(explorer, below=before - 20)
    place = bar.bounding_box()
    assert place
    explorer.mouse.move(place["x"] + 3, 400)
    explorer.mouse.down()
    explorer.mouse.move(place["x"] - 147, 400, steps=3)
    explorer.mouse.up()
    moved = round(100 * 150 / 1280)
    expect(bar).to_have_attribute("aria-valuenow", str(share - 3 - moved))
    assert abs(after - width_of_graph(explorer, below=after - 140) - 150) < 4


def width_of_graph(page: Page, below: float = 1e4) -> float:
    """As soon as it is narrower than that."""
    width = "document.querySelector('.pane-graph').getBoundingClientRect().width"
    page.wait_for_function(f"below => {width} < below", arg=below)
    return page.evaluate(width)


def test_the_graph_is_moved_and_magnified(explorer):
    x, y = point_at_a_node(explorer)
    name = hovered(explorer)
    explorer.mouse.move(x, y)
    explorer.mouse.wheel(0, -60)
    explorer.mouse.move(x + 1, y)
    assert hovered(explorer) == name  # what is under the pointer stays there
    empty = explorer.locator(".graph-drawing").bounding_box()
    assert empty
    explorer.mouse.down()
    explorer.mouse.move(x - 60, y + 20, steps=4)
    explorer.mouse.up()
    explorer.mouse.move(x - 60, y + 20)
    assert hovered(explorer) == name


def test_help_lists_the_keys(explorer, shot):
    explorer.keyboard.press("?")
    dialog = explorer.get_by_role("dialog")
    for what in ("pin or unpin", "group what is marked", "fill the window", "walk from node"):
        expect(dialog).to_contain_text(what)
    shot("graph-help")


def test_search_says_when_nothing_is_found(explorer):
    explorer.keyboard.press("/")
    field = explorer.get_by_label("Search labels in the graph")
    expect(field).to_be_focused()
    field.fill("no such label")
    expect(explorer.locator(".graph-search")).to_contain_text("No node")


def test_a_graph_that_is_not_there(page, served, complaints):
    complaints.allow("404")
    page.goto(served.page("#/graph/0123456789abcdef"))
    expect(page.get_by_role("alert")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 2560])
@pytest.mark.parametrize("dark", [False, True])
def test_it_looks_right(explorer, shot, dark, width):
    explorer.get_by_role("button", name="Pin the 12 of most influence").click()
    shot("graph", dark=dark, width=width)


def test_stories(page, served, shot):
    if not (served.folder / "graphs" / "stories").exists():
        pytest.skip("the reference material is not here")
    opened(page, served, "graphs/stories")
    page.get_by_role("button", name="Pin the 12 of most influence").click()
    shot("graph-stories")
    shot("graph-stories", dark=True, width=2560)
