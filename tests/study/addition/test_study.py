"""The whole study, small, and its report."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from microtome.artifact import read_manifest
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError
from microtome.specimen import load_dictionary, load_model
from microtome.study import AdditionOptions, AdditionStudy, addition_study, save_addition
from microtome.study.addition.shortfalls import shortfalls

pytestmark = pytest.mark.slow
OPTIONS = AdditionOptions(pairs=10, graphs=2, draws=1, seed=1)


def cut(dictionary: Dictionary, features: int) -> Dictionary:
    """The first features of every layer: a small dictionary with large errors."""
    return replace(
        dictionary,
        encoders=tuple(
            replace(e, weight=e.weight[:features], bias=e.bias[:features])
            for e in dictionary.encoders
        ),
        decoders=tuple(replace(d, weight=d.weight[:features]) for d in dictionary.decoders),
    )


@pytest.fixture(scope="module")
def study() -> AdditionStudy:
    model = load_model("specimen:adder", "cpu")
    return addition_study(model, cut(load_dictionary("specimen:adder"), 100), OPTIONS)


def test_every_part_has_claims_with_controls(study: AdditionStudy):
    assert {claim.part for claim in study.claims} == set("abcd")
    for claim in study.claims:
        assert claim.measured.n > 0
        assert claim.above.value == pytest.approx(claim.measured.value - claim.control.value)
        assert claim.refuted_by


def test_errors_fall_into_four_cells(study: AdditionStudy):
    assert (
        len(study.ablation) == (2 * 4 + 1) * 2 * 2
    )  # path and whose features, or both; to what; attention
    for row in study.ablation:
        cells = (row.both_right, row.ones_only, row.tens_only, row.neither)
        assert sum(cell.value for cell in cells) == pytest.approx(1)
        assert row.ones.value == pytest.approx(row.both_right.value + row.ones_only.value)


def test_graphs_are_asked_what_swaps_do(study: AdditionStudy):
    assert [(row.swap, row.attention) for row in study.links] == [
        (swap, held) for swap in ("ones", "magnitude") for held in ("live", "frozen")
    ]
    assert all(row.n == OPTIONS.graphs for row in study.links)


def test_where_the_account_falls_short_is_said_with_figures(study: AdditionStudy):
    said = shortfalls(study)
    assert any(str(row.ones_new) in text for row in study.swaps for text in said)


def test_paths_beat_shuffled_pairs(study: AdditionStudy):
    assert study.responses.permuted == {"ones": 0, "magnitude": 0}
    for path in ("ones", "magnitude"):
        assert any(f.kind.startswith(("ones", "lookup", "size")) for f in study.responses.features)
        assert any((layer.f1[path] or 0) > layer.f1_permuted for layer in study.responses.layers)


def test_the_report_is_one_page_that_needs_nothing(study: AdditionStudy, tmp_path: Path):
    folder = tmp_path / "study"
    save_addition(study, folder)
    assert read_manifest(folder, "study").content["study"] == "addition"
    text = (folder / "addition.json").read_text()
    assert AdditionStudy.model_validate_json(text) == study
    html = (folder / "report.html").read_text()
    links: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag, attrs):
            assert tag != "script"
            links.extend(value for name, value in attrs if name in ("src", "href"))

    Links().feed(html)
    assert links
    assert all(link.startswith("data:image/png") for link in links)
    for claim in study.claims:
        assert str(claim.measured) in html
    with pytest.raises(MicrotomeError, match="exists"):
        save_addition(study, folder)
    save_addition(study, folder, force=True)
