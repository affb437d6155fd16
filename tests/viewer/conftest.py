"""A built viewer that is small."""

from pathlib import Path

import pytest

from microtome.viewer import built as built_viewer
from tests.viewer.pages import write_static


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a built viewer of three lines."""
    folder = tmp_path / "static"
    folder.mkdir()
    write_static(folder)
    monkeypatch.setattr(built_viewer, "STATIC", folder)
    return folder
