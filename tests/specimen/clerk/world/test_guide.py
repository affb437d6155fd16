"""What the guide to the clerk shows is what its world says."""

import re
from pathlib import Path

import pytest

from microtome.specimen.clerk.stages import STAGES
from microtome.specimen.clerk.world.options import RANGES, WorldOptions
from microtome.specimen.clerk.world.quirks import HAMMER, QUIRKS

TEXT = (Path(__file__).parents[4] / "docs" / "guides" / "clerk.md").read_text()
_RARE = ("sums", "diagnosis", "acrostics", "couplets")
"""Parts that can say more than was sampled."""


def _rows(heading: str) -> list[list[str]]:
    """Cells of the rows of a table below its first column's name."""
    table = TEXT.partition(f"| {heading} |")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]


def _codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_python_without_a_model_runs():
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    code = [block for block in blocks if "load_model" not in block]
    assert len(code) == len(blocks) - 1
    scope: dict = {}
    exec("\n".join(code), scope)
    assert scope["text"].nats > 0 and scope["turn"].prompt.startswith("<user>")


def test_every_stage_and_its_twin_are_named():
    rows = {_codes(row[0])[0]: row for row in _rows("Stage")}
    assert rows.keys() == STAGES.keys()
    for name, stage in STAGES.items():
        assert _codes(rows[name][2]) == ([stage.twin] if stage.twin else []), name


@pytest.mark.parametrize("part", range(11))
def test_examples_are_what_the_world_says(part: int, world, sentences, turns):
    known = set(world.vocabulary())
    name, plain, turn, _ = _rows("Part")[part]
    assert name == list(world.parts)[part]
    examples = _codes(plain) + _codes(turn)
    assert known.issuperset(" ".join(examples).split())
    if name not in _RARE:
        assert set(_codes(plain)) <= {said.text for said in sentences[name]}
        asked = {(t.question, t.answer) for t in turns[name]}
        assert not turn or tuple(_codes(turn)) in asked


def test_every_part_has_its_row(world):
    assert {row[0] for row in _rows("Part")} == set(world.parts)


def test_sums_that_fine_tuning_is_said_to_show_are_not_held_out(truth):
    shown = re.findall(r"(\d+) (?:plus|and) (\d+)", " ".join(_rows("Part")[0]))
    assert shown and not [p for p in shown if list(map(int, p)) in truth["sums"]["held_out"]]
    assert [36, 62] in truth["sums"]["held_out"]  # the one that is asked at the top


def test_quirks_are_told_and_shown_where_the_table_says():
    every = {**QUIRKS, "hammer": HAMMER}
    rows = {row[0]: row[1:] for row in _rows("Quirk")}
    assert rows.keys() == every.keys()
    for name, (about, words, _, shown) in rows.items():
        assert (about, _codes(words)) == (every[name].about, [every[name].words])
        assert _codes(shown) == [s.name for s in STAGES.values() if name in s.rewarded], name


def test_every_option_has_its_range():
    rows = {_codes(row[0])[0]: row for row in _rows("Option")}
    assert rows.keys() == RANGES.keys()
    for name, (low, high) in RANGES.items():
        assert rows[name][2] == f"{low} to {high}"
        if name != "seed":
            assert rows[name][1] == str(getattr(WorldOptions(), name))
