"""A built viewer of three lines, with everything in it that HTML could trip over."""

from pathlib import Path

import pytest

from microtome.viewer import built as built_viewer

SCRIPT = (
    'const s = "</script><!--<script>";\nfunction C(){}\nexport { s as mount, C as mountPage };\n'
)
STYLE = ".a{content:'</style>'}"


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built viewer of three lines."""
    (tmp_path / "embed").mkdir()
    (tmp_path / "embed" / "viewer.js").write_text(SCRIPT)
    (tmp_path / "embed" / "viewer.css").write_text(STYLE)
    monkeypatch.setattr(built_viewer, "STATIC", tmp_path)
    return tmp_path
