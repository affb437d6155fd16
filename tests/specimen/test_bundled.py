"""What comes with microtome: every truth is there and by the published schema."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from microtome.specimen import load_truth
from microtome.specimen.bundled import BUNDLED
from microtome.specimen.cache import find_builder
from microtome.specimen.entry import Part, every_part_of
from microtome.specimen.load import part_path

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "truth.schema.json"
TRUTHS = [part for row in BUNDLED for part in every_part_of(row) if part.kind == "truth"]


def test_the_rows_have_names_of_their_own():
    assert len({specimen.name for specimen in BUNDLED}) == len(BUNDLED)
    for specimen in BUNDLED:
        assert specimen.folder or callable(find_builder(specimen))
        assert len(specimen.about) <= 90


@pytest.mark.parametrize("part", TRUTHS, ids=lambda part: part.full_name)
def test_every_truth_is_by_the_published_schema(
    part: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MICROTOME_CACHE", str(tmp_path))
    document = json.loads((part_path(part) / "truth.json").read_text())
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)
    truth, _ = load_truth(part.full_name)
    assert truth.specimen == part.specimen.name
