"""microtome weights on the adder."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

ADDER = ("specimen:adder", "specimen:adder")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "sums.txt"
    sums = [f"{a} + {b} =" for a in range(0, 100, 7) for b in range(0, 100, 9)]
    path.write_text("\n\n".join(sums), encoding="utf-8")
    return path


def test_inputs_and_outputs_with_a_corpus(run: Run, corpus: Path):
    result = run("weights", *ADDER, "L2/914", "--corpus", corpus)
    assert result.code == 0, result.err
    assert "sum ends in 5" in result.out
    assert "interference" in result.out
    assert max(map(len, result.out.splitlines())) <= 100


@pytest.mark.slow
def test_features_that_a_corpus_has_together_come_first(run: Run, corpus: Path):
    found = json.loads(run("weights", *ADDER, "L2/914", "--corpus", corpus, "--json").out)
    assert found["corrected_from"] == "corpus"
    sizes = [abs(row["corrected"]) for row in found["inputs"]]
    assert sizes == sorted(sizes, reverse=True)
    assert all(row["together"] > 0 for row in found["inputs"][:3])
    assert {row["feature"][:2] for row in found["inputs"]} <= {"L0", "L1"}
    assert {row["feature"][:2] for row in found["outputs"]} <= {"L3"}
    assert found["promoted"][0]["token"].strip().endswith("5")


def test_an_atlas_knows_neighbours_only(run: Run):
    found = json.loads(run("weights", *ADDER, "L2/914", "-a", "specimen:adder", "--json").out)
    assert found["corrected_from"] == "atlas"
    assert found["inputs"]
    assert all(row["together"] is None for row in found["inputs"])
    assert found["interference"] == {"inputs": None, "outputs": None}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("L2/914,L2/1",), "names 2 features"),
        (("L7/1",), "layer 7"),
        (("L2/914", "--corpus", "nowhere.txt"), "does not exist"),
        (("L2/914", "--atlas", "nowhere"), "nowhere"),
    ],
)
def test_bad_input_is_one_sentence(run: Run, arguments: tuple[str, ...], said: str):
    result = run("weights", *ADDER, *arguments)
    assert result.code == 2
    assert said in result.err
    assert len(result.err.strip().splitlines()) == 1
