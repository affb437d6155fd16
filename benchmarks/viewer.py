"""The graph explorer in a browser: is a large graph drawn at once, does it move smoothly?

    python benchmarks/viewer.py [--nodes 5000] [--edges 200000] [--screenshot FILE]

A synthetic graph is saved as an artifact, served by the real server and opened in headless chromium
without a GPU, 1280 by 800, nothing pruned away. The last line is one JSON object: first_draw_s
(from navigation until all nodes and edges are painted, the larger of a page's first visit and its
second; the server has read the graph once before), pan_fps and hover_fps (frames a second, by
requestAnimationFrame, while the mouse drags or crosses the graph), html_mb (the bundled adder's
graph, pruned, as one file).
"""

import argparse
import itertools
import json
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import httpx
import torch
from playwright.sync_api import Browser, Page, sync_playwright

from microtome.circuit import trace
from microtome.circuit.graph import Graph, Nodes, Prompt
from microtome.circuit.view import ViewState
from microtome.cli.html_document import html_document
from microtome.server import RunningServer, Settings, entry_id
from microtome.specimen import load_dictionary, load_model
from microtome.viewer import html_page

N_LAYERS, N_TOKENS, N_LOGITS, N_ERRORS = 26, 30, 10, 60
SECONDS = 4.0
RECORD = """() => {
  window.frames_ = [];
  const tick = (now) => { window.frames_.push(now); window.ticking = requestAnimationFrame(tick); };
  window.ticking = requestAnimationFrame(tick);
}"""
STOP = "() => { cancelAnimationFrame(window.ticking); return window.frames_; }"
MARK = "() => performance.getEntriesByName('microtome:graph-drawn')[0].startTime"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=5000)
    parser.add_argument("--edges", type=int, default=200_000)
    parser.add_argument("--screenshot", type=Path, help="save what the page looks like")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        graph = synthetic(arguments.nodes, arguments.edges)
        graph.save(folder / "graphs" / "large")
        figures = browse(folder, arguments.screenshot)
        figures["html_mb"] = round(html_megabytes(folder), 3)
    print(json.dumps(figures))


def synthetic(n_nodes: int, n_edges: int) -> Graph:
    """Random signed edges from lower layers and earlier positions to later ones, no loose ends."""
    generator = torch.Generator().manual_seed(0)
    n_features = n_nodes - N_TOKENS - N_LOGITS - N_ERRORS
    draw = lambda high, n: torch.randint(0, high, (n,), generator=generator)  # noqa: E731
    layer = draw(N_LAYERS, n_features).sort().values
    position = torch.cat([draw(N_TOKENS, n_features), draw(N_TOKENS, N_ERRORS)])
    position = torch.cat([position, torch.arange(N_TOKENS), torch.full((N_LOGITS,), N_TOKENS - 1)])
    layer = torch.cat([layer, draw(N_LAYERS, N_ERRORS), torch.full((N_TOKENS,), -1)])
    layer = torch.cat([layer, torch.full((N_LOGITS,), N_LAYERS)])
    kinds = ["feature"] * n_features + ["error"] * N_ERRORS
    kinds += ["token"] * N_TOKENS + ["logit"] * N_LOGITS
    rows = torch.cat([torch.arange(n_nodes - N_LOGITS, n_nodes), torch.arange(n_features)])
    columns = torch.arange(n_nodes - N_LOGITS)
    fits = (layer[columns][None] < layer[rows][:, None]) & (
        position[columns][None] <= position[rows][:, None]
    )
    edges = _edges(fits, n_edges, generator)
    probability = torch.full((n_nodes,), float("nan"))
    probability[-N_LOGITS:] = torch.tensor([0.5**i for i in range(1, N_LOGITS + 1)])
    weights = torch.zeros(len(rows))
    weights[:N_LOGITS] = probability[-N_LOGITS:]
    activation = torch.full((n_nodes,), float("nan"))
    activation[:n_features] = torch.rand(n_features, generator=generator)
    unknown = torch.full((len(rows),), float("nan"))
    strings = tuple(f" word{i}" for i in range(N_TOKENS))
    labels = [f"feature number {i}" for i in range(n_features)] + [""] * N_ERRORS
    return Graph(
        Prompt("".join(strings), tuple(range(N_TOKENS)), strings),
        Nodes(
            tuple(kinds),
            layer,
            position,
            torch.arange(n_nodes),
            activation,
            probability,
            (*labels, *strings, *(f"word{i}" for i in range(N_LOGITS))),
        ),
        rows,
        columns,
        edges,
        weights,
        torch.zeros(len(rows)),
        unknown,
        unknown.clone(),
        N_LAYERS,
        {"model": "synthetic", "dictionary": "synthetic", "dictionary_kind": "plt"},
    )


def _edges(fits: torch.Tensor, n_edges: int, generator: torch.Generator) -> torch.Tensor:
    """Exactly `n_edges` edges where they fit; every feature has an output that leads to a logit."""
    keep = torch.zeros_like(fits)
    keep[0] = fits[0]  # all of the first logit's: no node is without influence
    free = (fits & ~keep).flatten().nonzero()[:, 0]
    wanted = n_edges - int(keep.sum())
    if not 0 <= wanted <= len(free):
        raise SystemExit(f"{n_edges} edges do not fit: {len(free) + int(keep.sum())} could")
    keep.view(-1)[free[torch.randperm(len(free), generator=generator)[:wanted]]] = True
    return torch.randn(fits.shape, generator=generator) ** 3 * keep


def browse(folder: Path, screenshot: Path | None) -> dict[str, float]:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    with RunningServer(Settings(folders=(folder,))) as server, sync_playwright() as playwright:
        url, graph = server.address.url, entry_id(folder / "graphs" / "large")
        api = f"{url.split('#')[0].rstrip('/')}/api/graphs/{graph}"
        # everything is drawn: the reader's state says that nothing is pruned
        whole = ViewState(node_threshold=1, edge_threshold=1)
        httpx.put(f"{api}/state", json=whole.model_dump(), timeout=60).raise_for_status()
        seconds = [_seconds(lambda: httpx.get(api, timeout=60).raise_for_status()) for _ in "12"]
        print(f"the server's answer: {seconds[0]:.2f} s at first, then {seconds[1]:.2f} s")
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        figures = _measure(browser, f"{url}#/graph/{graph}", screenshot)
        browser.close()
    return figures


def _seconds(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _measure(browser: Browser, address: str, screenshot: Path | None) -> dict[str, float]:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    drawn = []
    for _ in range(2):
        page.goto("about:blank")
        page.goto(address)
        page.locator(".graph-drawing[data-drawn]").wait_for(timeout=60_000)
        drawn.append(page.evaluate(MARK) / 1000)
    print(f"first drawn after {drawn[0]:.2f} s, the second time after {drawn[1]:.2f} s")
    if screenshot is not None:
        page.screenshot(path=screenshot)
    box = page.locator(".graph-drawing").bounding_box()
    if box is None:
        raise SystemExit("the graph is not on the page")
    hover = _frames(page, "hover", lambda t: _across(page, box, t))
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    pan = _frames(page, "pan", lambda t: _around(page, box, t))
    page.mouse.up()
    return {
        "first_draw_s": round(max(drawn), 2),
        "pan_fps": round(pan, 1),
        "hover_fps": round(hover, 1),
    }


def _across(page: Page, box, t: float) -> None:
    """Back and forth over the nodes, line by line."""
    x, y = abs(1 - (t * 1.1) % 2), (t * 0.23) % 1
    page.mouse.move(
        box["x"] + 60 + x * (box["width"] - 80), box["y"] + 10 + y * (box["height"] - 50)
    )


def _around(page: Page, box, t: float) -> None:
    x, y = abs(1 - (t * 0.9) % 2) - 0.5, abs(1 - (t * 0.7) % 2) - 0.5
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(middle[0] + x * 400, middle[1] + y * 200)


def _frames(page: Page, name: str, move) -> float:
    """Frames a second while the mouse moves some hundred times a second at most."""
    page.evaluate(RECORD)
    start = time.perf_counter()
    moves = 0
    while (t := time.perf_counter() - start) < SECONDS:
        move(t)
        moves += 1
        time.sleep(0.004)
    times = page.evaluate(STOP)
    gaps = [b - a for a, b in itertools.pairwise(times)]
    slow = statistics.quantiles(gaps, n=20)[-1]
    rate = 1000 * len(gaps) / (times[-1] - times[0])
    print(f"{name}: {moves} moves, {rate:.1f} frames/s, 95% of frames within {slow:.0f} ms")
    return rate


def html_megabytes(folder: Path) -> float:
    """The adder's graph for 36 + 59 =, pruned as `microtome export --html` does."""
    model = load_model("specimen:adder", device="cpu")
    trace(model, "36 + 59 =", load_dictionary("specimen:adder")).save(folder / "sum")
    document, title = html_document(str(folder / "sum"), None, None, 0.8, 0.98)
    return len(html_page(document, title).encode()) / 1e6


if __name__ == "__main__":
    main()
