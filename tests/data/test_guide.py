"""What the guide shows runs."""

import re
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "corpora.md"


def test_python_of_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    code = "\n".join(re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL))
    assert "write_store(" in code
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(GUIDE), "exec"), {"__name__": "guide"})
