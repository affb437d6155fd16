"""What the README shows runs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDES = ROOT / "docs" / "guides"
PAGES = {
    ROOT / "README.md": "mt.trace(",
    GUIDES / "trace.md": "mt.trace(",
    GUIDES / "adder.md": "mt.trace(",
    GUIDES / "train.md": "mt.train(",
}
"""Pages whose Python runs from top to bottom on the bundled adder, and a call that each shows."""


def _python(page: Path) -> str:
    """The page's Python blocks, one after the other."""
    return "\n".join(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_of_the_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    code = _python(page)
    assert PAGES[page] in code
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(page), "exec"), {"__name__": "readme"})


def test_commands_of_the_readme_exist():
    from microtome.cli.app import COMMANDS

    named = set(re.findall(r"`microtome (\w+)", (ROOT / "README.md").read_text()))
    assert named <= set(COMMANDS)
    assert {"demo", "trace", "show", "info", "train", "evaluate", "compare", "convert"} <= named


def test_every_key_of_a_recipe_is_in_the_guide():
    from microtome.training import DictionaryRecipe, Recipe

    rows = set(re.findall(r"^\| `(\w+)` \|", (GUIDES / "train.md").read_text(), re.MULTILINE))
    assert {*Recipe.model_fields, *DictionaryRecipe.model_fields} - {"dictionary"} <= rows
