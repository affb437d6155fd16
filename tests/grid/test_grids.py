"""Grids are the features' own activations, at the same place of every prompt."""

import pytest
import torch

from microtome.errors import MicrotomeError
from microtome.grid import grids as grids_module
from microtome.grid.grids import feature_grids
from microtome.grid.places import Block, Place, common_places, grid_blocks, parse_place
from microtome.grid.slots import Slot, Template
from microtome.specimen import load_dictionary, load_model
from microtome.specimen.adder.operands import operand_grids

A, B = Slot("a", ("36", "7", "12")), Slot("b", ("59", "3"))


@pytest.fixture(scope="module")
def adder():
    return load_model("specimen:adder", device="cpu")


@pytest.fixture(scope="module")
def clt():
    return load_dictionary("specimen:adder")


@pytest.mark.parametrize("position", ["a", "b", "last", "3", "-2"])
def test_values_are_those_of_each_prompt_alone(adder, clt, position: str):
    grids = feature_grids(adder, clt, [(2, 914), (0, 3)], "{a} + {b} =", A, B, position)
    at = {"a": 1, "b": 3, "last": 4, "3": 3, "-2": 3}[position]
    for grid in grids:
        for i, a in enumerate(A.values):
            for j, b in enumerate(B.values):
                run = adder.run(adder.tokenize(f"{a} + {b} ="), clt.reads)
                x = run[clt.reads[grid.encoder]][0, at : at + 1]
                expected = clt.encoders[grid.encoder].encode(x).dense()[0, grid.feature]
                assert grid.values[i, j] == pytest.approx(float(expected), abs=1e-4)


def test_a_feature_is_plotted_where_it_is_strongest(adder, clt):
    (grid,) = feature_grids(adder, clt, [(2, 914)], "{a} + {b} =", A, B)
    assert grid.place == Place("b", 1)
    assert grid.where == "at “=”, 1 after {b}"
    assert grid.values[0, 0] > 1
    assert grid.values[0, 1] == 0


def test_slots_may_stand_in_any_order(adder, clt):
    (straight,) = feature_grids(adder, clt, [(2, 914)], "{a} + {b} =", A, B, "last")
    (turned,) = feature_grids(adder, clt, [(2, 914)], "{b} + {a} =", B, A, "last")
    assert torch.allclose(straight.values, turned.values.T, atol=1e-5)


def test_the_adders_plots_are_the_same(adder, clt):
    values = tuple(map(str, range(100)))
    plots = operand_grids(adder, clt, [(2, 914, 4)])
    (grid,) = feature_grids(
        adder, clt, [(2, 914)], "{a} + {b} =", Slot("a", values), Slot("b", values)
    )
    assert torch.allclose(grid.values, plots[2, 914, 4], atol=1e-4)


def test_values_of_several_tokens_are_batched_by_length(adder, clt):
    """`36 ones` is two tokens of the adder; a place is counted from the slot's last token."""
    words = Slot("a", ("36", "36 ones", "7"))
    template = Template("{a} + {b} =")
    blocks = grid_blocks(adder, template, words, B)
    assert [block.tokens.shape[1] for block in blocks] == [5, 6]
    assert blocks[1].cells.tolist() == [2, 3]
    assert blocks[1].ends.tolist() == [[2, 4], [2, 4]]
    places = common_places(blocks, skip_first=True)
    assert places == [Place("a", 0), Place("a", 1), Place("b", 0), Place("b", 1)]
    (grid,) = feature_grids(adder, clt, [(0, 3)], template, words, B, "b")
    run = adder.run(adder.tokenize("36 ones + 59 ="), clt.reads)
    expected = clt.encoders[0].encode(run[clt.reads[0]][0, 4:5]).dense()[0, 3]
    assert grid.values[1, 0] == pytest.approx(float(expected), abs=1e-4)


@pytest.mark.parametrize(
    ("position", "said"), [("c", "none of a, b"), ("5", "5 tokens"), ("-6", "5 tokens")]
)
def test_positions_that_are_not_there(adder, position: str, said: str):
    blocks = grid_blocks(adder, Template("{a} + {b} ="), A, B)
    with pytest.raises(MicrotomeError, match=said):
        parse_place(position, blocks)


def test_text_outside_the_vocabulary_is_refused(adder, clt):
    with pytest.raises(MicrotomeError, match="not in"):
        feature_grids(adder, clt, [(0, 0)], "{a} + {b} =", A, Slot("b", ("3", "Spain")))


def test_position_zero_is_no_place_where_dictionaries_leave_it_out():
    """A prompt may begin with the value itself, where the tokenizer puts nothing before it."""
    tokens = torch.zeros(2, 3, dtype=torch.long)
    starts = torch.tensor([[0, 2], [0, 2]])
    block = Block(torch.tensor([0, 1]), tokens, starts, starts)
    assert common_places([block], skip_first=False)[0] == Place("a", 0)
    assert common_places([block], skip_first=True) == [Place("a", 1), Place("b", 0)]


def test_many_features_are_plotted_in_several_passes(adder, clt, monkeypatch: pytest.MonkeyPatch):
    features = [(0, 3), (1, 3), (2, 914), (3, 5), (2, 59)]
    whole = feature_grids(adder, clt, features, "{a} + {b} =", A, B)
    monkeypatch.setattr(grids_module, "NUMBERS_AT_ONCE", 2 * 4 * 6)
    parts = feature_grids(adder, clt, features, "{a} + {b} =", A, B)
    for one, other in zip(whole, parts, strict=True):
        assert one.name == other.name
        assert one.place == other.place
        assert torch.allclose(one.values, other.values, atol=1e-5)


@pytest.mark.parametrize("feature", [(9, 0), (-1, 0), (2, 1024), (2, -1)])
def test_a_feature_that_is_not_there_is_refused(adder, clt, feature: tuple[int, int]):
    with pytest.raises(MicrotomeError, match=f"L{feature[0]}/{feature[1]} does not exist"):
        feature_grids(adder, clt, [feature], "{a} + {b} =", A, B)


def test_a_slot_without_values_is_refused(adder, clt):
    with pytest.raises(MicrotomeError, match="slot 'b' has no values"):
        feature_grids(adder, clt, [(2, 914)], "{a} + {b} =", A, Slot("b", ()))
