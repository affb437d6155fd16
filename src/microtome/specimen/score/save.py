"""A scoreboard as JSON, and as an artifact folder."""

import json
from pathlib import Path
from typing import Any

from microtome.artifact import SCHEMA_VERSIONS, Manifest, new_artifact
from microtome.specimen.score.result import CHANCE, MEASURES, Score, Scoreboard, ScoreTable

KIND, RESULTS, REPORT, PAGE = "score", "results.json", "report.txt", "report.html"


def to_json(board: Scoreboard) -> dict[str, Any]:
    """Everything of a scoreboard, as one JSON object."""
    return {
        "schema_version": SCHEMA_VERSIONS[KIND],
        "seeds": list(board.seeds),
        "interval": None if board.splits else "95%, Student's t over seeds",
        "measures": MEASURES,
        "chance": CHANCE,
        "tables": [_table(table) for table in board.tables],
        "notes": list(board.notes),
        "seconds": round(board.seconds, 1),
        "config": dict(board.config),
    }


def _table(table: ScoreTable) -> dict[str, Any]:
    return {
        "truth": table.truth,
        "task": table.task,
        "chance": {key: _score(score) for key, score in table.chance.items()},
        "rows": [
            {
                "method": row.method,
                "role": row.role,
                "figures": {key: _score(score) for key, score in row.figures.items()},
                "variables": {key: _score(score) for key, score in row.detail.items()},
            }
            for row in table.rows
        ],
    }


def _score(score: Score) -> dict[str, Any]:
    found: dict[str, Any] = {"value": _rounded(score.value)}
    if score.low is not None and score.high is not None:
        found |= {"low": _rounded(score.low), "high": _rounded(score.high)}
    return found | {"seeds": [_rounded(v) for v in score.seeds]}


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")


def save_scoreboard(board: Scoreboard, folder: str | Path, force: bool = False) -> None:
    """Write a scoreboard as an artifact folder: `results.json`, the tables as text, and a page.

    Args:
        board: to write.
        folder: to make.
        force: replace a scoreboard that exists.

    Raises:
        MicrotomeError: an output that exists, or cannot be written.
    """
    from io import StringIO

    from rich.console import Console

    from microtome.specimen.score.page import page
    from microtome.specimen.score.show import show_scoreboard

    manifest = Manifest(
        kind=KIND,
        schema_version=SCHEMA_VERSIONS[KIND],
        config=dict(board.config),
        content={"truths": list(dict.fromkeys(t.truth for t in board.tables))},
    )
    text = StringIO()
    show_scoreboard(board, Console(file=text, width=100))
    with new_artifact(Path(folder), manifest, force) as beside:
        document = json.dumps(to_json(board), allow_nan=False, ensure_ascii=False)
        (beside / RESULTS).write_text(document + "\n", encoding="utf-8")
        (beside / REPORT).write_text(text.getvalue(), encoding="utf-8")
        (beside / PAGE).write_text(page(board), encoding="utf-8")
