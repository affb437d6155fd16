"""microtome grid and microtome weights on the adder."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

ADDER = ("specimen:adder", "specimen:adder")
NUMBERS = ("--a", "0-99", "--b", "30-49")


def test_a_grid_is_printed_and_saved(run: Run, tmp_path: Path):
    image, data = tmp_path / "grid.png", tmp_path / "grid.json"
    out = ("--out", image, "--out", data)
    result = run("grid", *ADDER, "L2/914,L2/1", "{a} + {b} =", *NUMBERS, *out)
    assert result.code == 0, result.err
    assert "a + b ends in 5" in result.out
    assert max(map(len, result.out.splitlines())) <= 100
    assert image.read_bytes()[:4] == b"\x89PNG"
    document = json.loads(data.read_text(encoding="utf-8"))
    first = document["grids"][0]
    assert first["label"] == "sum ends in 5"
    assert first["pattern"]["kind"] == "modulus"
    assert len(first["values"]) == 100
    again = run("grid", *ADDER, "L2/914", "{a} + {b} =", *NUMBERS, *out)
    assert again.code == 2
    assert "--force" in again.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("L2/914", "{a} + 3 =", *NUMBERS), "two slots"),
        (("L9/914", "{a} + {b} =", *NUMBERS), "layer 9"),
        (("L2/99999", "{a} + {b} =", *NUMBERS), "there is no feature"),
        (("three", "{a} + {b} =", *NUMBERS), "not a feature's name"),
        ((" , ", "{a} + {b} =", *NUMBERS), "name a feature"),
        (("L2/914", "{a} + {b} =", "--a", "5-1", "--b", "1"), "from low to high"),
        (("L2/914", "{a} + {b} =", *NUMBERS, "--position", "x"), "--position"),
        (("L2/914", "{a} + {b} =", *NUMBERS, "--out", "grid.svg"), "--out"),
        (("L2/914", "{a} + {b} =", *NUMBERS, "--out", "no/where/grid.png"), "does not exist"),
        (("L2/914", "{a} + {b} France", *NUMBERS), "vocabulary"),
    ],
)
def test_bad_grids_are_one_sentence(run: Run, arguments: tuple[str, ...], said: str):
    result = run("grid", *ADDER, *arguments)
    assert result.code == 2
    assert said in result.err
    assert len(result.err.strip().splitlines()) == 1


def test_a_grid_of_another_model_is_refused(
    run: Run, model_folder: Path, dictionary_folder: Path, tmp_path: Path
):
    grid = ("0/3", "{a} + {b} =", "--a", "1-2", "--b", "1-2")
    for pair in ((ADDER[0], dictionary_folder), (model_folder, ADDER[1])):
        result = run("grid", *pair, *grid)
        assert result.code == 2 and "trained on this model" in result.err
    result = run("grid", *ADDER, *grid, "--force", "--out", tmp_path / ".json")
    assert result.code == 2 and "ends in neither" in result.err
    (tmp_path / "grid.json").mkdir()
    result = run("grid", *ADDER, *grid, "--force", "--out", tmp_path / "grid.json")
    assert result.code == 2 and "is a folder" in result.err


def test_a_grid_that_cannot_be_written_leaves_the_old_one(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_):
        raise OSError(28, "No space left on device")

    out = tmp_path / "grid.json"
    out.write_text("old")
    monkeypatch.setattr("os.fsync", full)
    grid = ("L2/914", "{a} + {b} =", "--a", "1-2", "--b", "1-2", "--force", "--out", out)
    result = run("grid", *ADDER, *grid)
    assert result.code == 2 and "No space left" in result.err
    assert out.read_text() == "old" and list(tmp_path.iterdir()) == [out]
