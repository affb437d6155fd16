"""The Python of the guide to files and notebooks runs."""

import re
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "files-and-notebooks.md"


def test_python_of_the_guide_runs(static: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    code = "\n".join(re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL))
    monkeypatch.chdir(tmp_path)
    names: dict = {"__name__": "guide"}
    exec(compile(code, str(GUIDE), "exec"), names)
    assert names["widget"].height == 500
    assert (tmp_path / "sum-with-pins" / "view.json").is_file()
