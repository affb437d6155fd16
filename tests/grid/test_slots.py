"""Templates and values as people write them."""

import pytest

from microtome.errors import MicrotomeError
from microtome.grid.slots import Slot, Template, check_cells, parse_values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0-3", ("0", "1", "2", "3")),
        ("0-20:10,5", ("0", "10", "20", "5")),
        ("France, Spain", ("France", "Spain")),
        ("x-ray,7", ("x-ray", "7")),
    ],
)
def test_values(text: str, values: tuple[str, ...]):
    assert parse_values(text) == values


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no values"),
        (" , ", "no values"),
        ("9-3", "from low to high"),
        ("0-9:0", "from low to high"),
        ("1,2,1", "'1' is named twice"),
        ("0-999999999", "more values than"),
    ],
)
def test_values_that_are_refused(text: str, said: str):
    with pytest.raises(MicrotomeError, match=said):
        parse_values(text)


def test_only_whole_numbers_are_numbers():
    assert Slot("a", ("7", "10")).numbers == (7, 10)
    assert Slot("a", ("7", "ten")).numbers is None
    assert Slot("a", ("7", "²")).numbers is None


@pytest.mark.parametrize("text", ["{a} + {b} =", "of {b} the {a}", "{a}{b}", "{x} {{a} {b}"])
def test_prompts_and_where_values_stand_in_them(text: str):
    prompt, a, b = Template(text).fill("{b}1", "second")
    assert prompt == text.replace("{b}", "second").replace("{a}", "{b}1")
    assert prompt[slice(*a)] == "{b}1"
    assert prompt[slice(*b)] == "second"


@pytest.mark.parametrize("text", ["{a} alone", "{a} {a} {b}", ""])
def test_templates_that_are_refused(text: str):
    with pytest.raises(MicrotomeError, match="two slots"):
        Template(text)


def test_grids_that_are_too_large_are_refused():
    many = Slot("a", tuple(map(str, range(1000))))
    with pytest.raises(MicrotomeError, match="1,000,000 cells"):
        check_cells(many, many)
