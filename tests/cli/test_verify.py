"""microtome verify, run as a user runs it."""

import json
from pathlib import Path

import pytest

from microtome.circuit.verify import Verification
from microtome.circuit.verify.keep import VERIFICATION, load_verification
from microtome.errors import MicrotomeError
from tests.cli.conftest import Run


@pytest.fixture
def graph(run: Run, tmp_path: Path) -> Path:
    out = tmp_path / "graph"
    said = run("trace", "specimen:adder", "36 + 59 =", "-d", "specimen:adder", "-o", out)
    assert said.code == 0
    return out


def test_a_graph_is_tested_and_the_test_is_kept(run: Run, graph: Path):
    said = run("verify", graph, "--nodes", 5)
    assert said.code == 0
    assert "Verdict  believable" in said.out
    assert "“36”@1" in said.out
    assert str(graph / VERIFICATION) in said.out.replace("\n", "")
    tables = said.out.partition("Saved to")[0]  # a path may be of any length
    assert max(map(len, tables.splitlines())) <= 100
    kept = load_verification(graph)
    assert kept is not None
    assert kept.options.nodes == 5
    again = run("verify", graph, "--nodes", 5, "--json")
    printed = Verification.model_validate(json.loads(again.out))
    assert (printed.belief, printed.reasons) == (kept.belief, kept.reasons)
    assert printed.modes["held"].groups.r2 == pytest.approx(kept.modes["held"].groups.r2, rel=1e-4)
    # tracing again makes a new graph, which nobody has tested
    traced = run(
        "trace", "specimen:adder", "36 + 59 =", "-d", "specimen:adder", "-o", graph, "--force"
    )
    assert traced.code == 0
    assert load_verification(graph) is None


def test_bad_input(run: Run, graph: Path, tmp_path: Path):
    for sizes in ("x", "0", "1,1", "", "nan", "inf"):
        said = run("verify", graph, "--sizes", sizes)
        assert said.code == 2
        assert "--sizes" in said.err
    without = run("verify", graph, "--nodes", 5, "--sizes", "-0.5,0.5")
    assert "No group was taken away" in without.out
    (graph / VERIFICATION).unlink()
    said = run("verify", graph, "-d", "specimen:adder/plt")
    assert said.code == 2
    assert "of another dictionary" in said.err
    assert run("verify", tmp_path / "nothing").code == 2
    file = tmp_path / "graph.json"
    file.write_text("{}")
    assert "is a file" in run("verify", file).err
    assert not (graph / VERIFICATION).exists()


def test_a_damaged_verification_is_named(graph: Path):
    (graph / VERIFICATION).write_text('{"belief": "surely"}')
    with pytest.raises(MicrotomeError, match=r"verification\.json: .*verify the graph again"):
        load_verification(graph)
