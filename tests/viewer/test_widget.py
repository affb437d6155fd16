"""The notebook's widget: what it sends to the page."""

import json
from pathlib import Path

import pytest

from microtome.circuit.graph_view import graph_view
from microtome.errors import MicrotomeError
from microtome.viewer import built as built_viewer
from microtome.viewer import view
from tests.circuit.graphs import random_graph


def test_a_graph_is_a_widget_with_the_viewer_in_it(static: Path):
    graph = random_graph(1)
    widget = graph.view(height=500)
    sent = widget.get_state()
    assert json.loads(sent["document"]) == {
        "kind": "graph",
        "graph": graph_view(graph).model_dump(mode="json"),
        "features": {},
    }
    assert sent["height"] == 500
    assert sent["_css"] == (static / "embed" / "viewer.css").read_text()
    assert sent["_esm"].startswith((static / "embed" / "viewer.js").read_text())
    assert "stop = s(box, JSON.parse" in sent["_esm"]
    assert "$MOUNT" not in sent["_esm"]
    assert "application/vnd.jupyter.widget-view+json" in widget._repr_mimebundle_()[0]


def test_without_the_built_viewer_a_notebook_gets_one_sentence(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(built_viewer, "STATIC", tmp_path / "none")
    with pytest.raises(MicrotomeError, match="the viewer is not built"):
        view({"kind": "graph"})
    with pytest.raises(MicrotomeError, match="the viewer is not built"):
        random_graph(1).view()
