"""What the guide shows runs, and it has every row and option."""

import re
from pathlib import Path

from microtome.specimen.score.result import MEASURES
from microtome.specimen.score.words import COLUMNS

TEXT = (Path(__file__).parents[3] / "docs" / "guides" / "score.md").read_text(encoding="utf-8")


def test_python_of_the_guide_runs():
    code = "\n".join(re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL))
    scope: dict = {}
    exec(compile(code, "score.md", "exec"), scope)
    assert "mcc" in scope["figures"]["batchtopk"]


def test_every_measure_is_explained():
    assert set(COLUMNS) == set(MEASURES)
    for key, title in COLUMNS.items():
        assert f"**{title}**" in TEXT or f"*{title}*" in TEXT, key


def test_every_option_is_there():
    import typer
    from typer.testing import CliRunner

    from microtome.cli.score import register

    app = typer.Typer(add_completion=False)
    register(app)
    said = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).output
    options = set(re.findall(r"--[a-z][a-z-]+", said)) - {"--help"}
    assert len(options) > 8
    assert all(f"`{option}" in TEXT for option in options), options
