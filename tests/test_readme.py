"""What the README shows runs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDES = ROOT / "docs" / "guides"
PAGES = [ROOT / "README.md", GUIDES / "trace.md", GUIDES / "adder.md"]
"""Pages whose Python runs from top to bottom on the bundled adder."""


def _python(page: Path) -> str:
    """The page's Python blocks, one after the other."""
    return "\n".join(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_of_the_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    code = _python(page)
    assert "mt.trace(" in code
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(page), "exec"), {"__name__": "readme"})


def test_commands_of_the_readme_exist():
    from microtome.cli.app import COMMANDS

    named = set(re.findall(r"`microtome (\w+)", (ROOT / "README.md").read_text()))
    assert named <= set(COMMANDS)
    assert {"demo", "trace", "show", "info"} <= named
