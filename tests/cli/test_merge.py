"""microtome merge, run as a user runs it."""

import json
from pathlib import Path

from tests.cli.conftest import Run


def test_graphs_are_merged(run: Run, model_folder: Path, dictionary_folder: Path, tmp_path: Path):
    graphs = []
    for prompt in ("3 + 4 =", "5 + 4 ="):
        graphs.append(tmp_path / prompt.replace(" ", ""))
        made = run("trace", model_folder, prompt, "-d", dictionary_folder, "-o", graphs[-1])
        assert made.code == 0
    out = tmp_path / "merged"
    merged = run("merge", *graphs, "--out", out)
    assert (merged.code, merged.err) == (0, "")
    assert "common circuit" in merged.out
    assert "5 + 4 =" in merged.out
    body = merged.out.split("\nSaved to")[0]
    assert max(map(len, body.splitlines())) <= 100
    assert run("show", out).code == 0
    assert run("group", out).code == 0
    again = run("merge", *graphs, "--out", out)
    assert again.code == 2
    assert "exists" in again.err
    as_json = json.loads(run("merge", *graphs, "--out", out, "--force", "--json").out)
    assert as_json["prompts"] == ["3 + 4 =", "5 + 4 ="]
    assert len(as_json["specific"]) == 2
    alone = run("merge", graphs[0], "--out", tmp_path / "alone")
    assert alone.code == 2
    assert "at least two" in alone.err
    assert not (tmp_path / "alone").exists()
