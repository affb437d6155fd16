"""Files that appear whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from microtome.artifact.whole import whole_file
from microtome.errors import MicrotomeError


def test_an_older_file_is_replaced(tmp_path: Path):
    path = tmp_path / "below" / "report"
    for content in ("old", "new"):
        whole_file(path, content)
        assert path.read_text(encoding="utf-8") == content
    assert [file.name for file in path.parent.iterdir()] == ["report"]


def test_what_is_no_plain_file_is_kept(tmp_path: Path):
    """Whoever may write in /dev would lose /dev/null."""
    pipe, folder = tmp_path / "pipe", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    for path in (pipe, folder):
        with pytest.raises(MicrotomeError, match="cannot write"):
            whole_file(path, "new")
    assert stat.S_ISFIFO(pipe.stat().st_mode) and folder.is_dir()
    assert {path.name for path in tmp_path.iterdir()} == {"pipe", "folder"}
