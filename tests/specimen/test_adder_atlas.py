"""What is known of the adder's tokens, and its bundled atlas."""

from functools import cache

import numpy as np
import pytest
import torch

from microtome.atlas.concepts import NONE, KnownConcept
from microtome.specimen import load_atlas, load_dictionary, load_model
from microtome.specimen.adder import world
from microtome.specimen.adder.atlas import all_prompts, build_adder_atlas
from microtome.specimen.adder.concepts import adder_concepts


@cache
def concepts() -> dict[str, KnownConcept]:
    """By name; making them takes a moment."""
    found = adder_concepts()
    named = {concept.name: concept for concept in found}
    assert len(named) == len(found), "names are unique"
    return named


def values(name: str, guise: str, a: int, b: int) -> list[int]:
    tokens = world.prompt_tokens(torch.tensor([[a, b]]), guise).numpy()
    return concepts()[name].values(tokens, np.zeros(1, dtype=np.int64))[0].tolist()


@pytest.mark.parametrize("guise", list(world.GUISES))
def test_quantities_stand_where_they_are_known(guise: str):
    tokens = world.prompt_tokens(torch.tensor([[36, 59]]), guise)[0].tolist()
    first, second = tokens.index(world.number_token(36)), tokens.index(world.number_token(59))
    n = len(tokens)

    def only(place: int, value: int) -> list[int]:
        return [value if i == place else NONE for i in range(n)]

    assert values("sum digit", guise, 36, 59) == only(n - 1, 5)
    assert values("sum digit, at the second operand", guise, 36, 59) == only(second, 5)
    assert values("first operand, at the first operand", guise, 36, 59) == only(first, 36)
    assert values("first operand, between the operands", guise, 36, 59) == only(first + 1, 36)
    assert values("sum, from the second operand on", guise, 36, 59) == [NONE] * second + [95] * (
        n - second
    )
    assert values("carry", guise, 36, 59)[-1] == 1 and values("no carry", guise, 36, 59)[-1] == NONE
    assert values("both digits", guise, 36, 59)[-1] == 69
    index = list(world.GUISES).index(guise)
    name = ("equations", "tables", "minutes")
    for i in range(3):
        expected = 95 if i == index else NONE
        assert values(f"sum, in {name[i]}", guise, 36, 59)[-1] == expected
    assert values("guise", guise, 36, 59)[-1] == index


def test_rows_that_are_no_sums_have_no_values():
    ids = {word: i for i, word in enumerate(world.vocabulary())}
    row = np.array([[ids["<s>"], ids["+"], ids["="], -1, -1]])
    short = np.array([[ids["<s>"], ids["7"], ids["+"], -1, -1]])
    for concept in concepts().values():
        assert (concept.values(row, np.zeros(1, dtype=np.int64)) == NONE).all(), concept.name
        found = concept.values(short, np.zeros(1, dtype=np.int64))
        assert (found[0, [0, 3, 4]] == NONE).all(), concept.name


def test_words():
    named = concepts()
    assert named["sum digit"].words([5], []) == "sum ends in 5"
    assert named["sum"].words([95, 96, 97, 120], []) == "sum 95–97 or 120"
    assert named["both digits"].words([69], []) == "first ends in 6, second in 9"
    text = named["first operand, at the first operand, in tables"].words([3], [])
    assert text == "first operand 3, at the first operand, in tables"


def test_the_prompts_are_all_of_them_once():
    blocks = list(all_prompts())
    rows = {tuple(row) for block in blocks for row in block.tolist()}
    assert len(rows) == sum(len(block) for block in blocks) == 30_000


def test_the_bundled_atlas_is_of_the_bundled_clt():
    atlas = load_atlas("specimen:adder")
    assert atlas.dictionary_fingerprint == load_dictionary("specimen:adder").fingerprint
    assert atlas.model_fingerprint == load_model("specimen:adder", "cpu").fingerprint
    assert atlas.content.tokens == 140_000
    labelled = sum(source == "concept" for source in atlas.columns.sources.to_pylist())
    assert labelled > 2000


@pytest.mark.parametrize(
    "digit", [pytest.param(n, marks=[] if n == 5 else pytest.mark.slow) for n in range(10)]
)
def test_labels_of_the_bundled_atlas_are_true_of_the_model(digit: int):
    """The feature for sums with one last digit, counted again on held-out equations."""
    atlas = load_atlas("specimen:adder")
    row = atlas.search_label(f"sum ends in {digit}").rows[0]
    assert row.label == f"sum ends in {digit}" and (row.score or 0) > 0.9
    model, clt = load_model("specimen:adder", "cpu"), load_dictionary("specimen:adder")
    pairs = world.split_pairs(0).held_out
    site = clt.reads[row.encoder]
    x = model.run(world.prompt_tokens(pairs, "equation"), [site])[site][:, -1]
    active = clt.encoders[row.encoder].encode(x).dense()[:, row.feature]
    inside = pairs.sum(1) % 10 == digit
    assert float(active[inside].median()) > float(active[~inside].max())
    assert float((active[inside] > 0).float().mean()) > 0.9


@pytest.mark.slow
def test_the_atlas_is_built_again_as_it_is_bundled(tmp_path):
    model, clt = load_model("specimen:adder", "cpu"), load_dictionary("specimen:adder")
    built = build_adder_atlas(model, clt, tmp_path / "atlas")
    bundled = load_atlas("specimen:adder")
    assert built is not None and built.tokens == bundled.content.tokens
    again = load_atlas(tmp_path / "atlas")
    same = [
        a == b
        for a, b in zip(
            again.columns.labels.to_pylist(), bundled.columns.labels.to_pylist(), strict=True
        )
    ]
    assert sum(same) > 0.95 * len(same)
