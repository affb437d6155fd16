"""One HTML file that holds a document, whatever the document says."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from microtome.errors import MicrotomeError
from microtome.viewer import built as built_viewer
from microtome.viewer import html_page
from microtome.viewer.built import embed
from tests.viewer.pages import Parts

HOSTILE = "</script><script>alert(1)</script><!-- <script> \u2028 “é” {} %s"


def test_the_document_comes_back_and_nothing_escapes(static: Path):
    document = {"kind": "graph", "graph": {"name": HOSTILE}}
    parts = Parts(html_page(document, HOSTILE))
    (of_document, text), (of_script, script) = parts.scripts
    assert of_document == {"id": "microtome-document", "type": "application/json"}
    assert json.loads(text) == document
    assert of_script == {"type": "module"}
    assert script.rstrip().endswith("C();")
    assert parts.styles == [r".a{content:'<\/style>'}"]
    assert parts.title == HOSTILE


def test_the_policy_lets_run_the_viewers_script_and_nothing_else(static: Path):
    parts = Parts(html_page({"kind": "graph"}, "g"))
    (policy,) = (m["content"] for m in parts.metas if "http-equiv" in m)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    digest = base64.b64encode(hashlib.sha256(parts.scripts[1][1].encode()).digest()).decode()
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == f"'sha256-{digest}'"
    assert "connect-src" not in rules
    assert not re.search(r"https?:", policy)


def test_nothing_is_loaded_from_elsewhere(static: Path):
    page = html_page({"kind": "graph"}, "g")
    assert not re.search(r"\b(src|href)\s*=", page)


def test_a_viewer_that_is_not_built_is_one_sentence(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(built_viewer, "STATIC", tmp_path / "none")
    with pytest.raises(MicrotomeError, match=r"^the viewer is not built .*make viewer$"):
        html_page({"kind": "graph"}, "g")
    with pytest.raises(MicrotomeError, match="not built"):
        built_viewer.app_folder()


def test_a_build_without_the_exports_is_refused(static: Path):
    (static / "embed" / "viewer.js").write_text("export { a as other };")
    with pytest.raises(MicrotomeError, match="exports no mountPage"):
        html_page({"kind": "graph"}, "g")
    (static / "embed" / "viewer.js").write_text("let mount=1;export{mount,b as mountPage}")
    assert embed().local_name("mount") == "mount"
    assert embed().local_name("mountPage") == "b"


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}])
def test_what_is_not_json_is_refused(static: Path, value: object):
    with pytest.raises(MicrotomeError, match="cannot be shown"):
        html_page({"kind": "graph", "graph": value}, "g")
