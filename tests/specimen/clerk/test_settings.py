"""Options of the world from a command line."""

import pytest

from microtome.errors import MicrotomeError
from microtome.specimen.clerk.settings import read_world_options
from microtome.specimen.clerk.world.options import WorldOptions


def test_settings_go_before_the_seed():
    assert read_world_options([], 3) == WorldOptions(seed=3)
    found = read_world_options(["cities=60", " held_out = 0.1", "seed=4"], 3)
    assert found == WorldOptions(seed=4, cities=60, held_out=0.1)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("cities", "expected key=value"),
        ("=4", "expected key=value"),
        ("citys=60", "unknown key; did you mean 'cities'"),
        ("cities=600", "world's cities is 600; it must be a whole number from 20 to 140"),
        ("cities=60.5", "cities is 60.5"),
        ("cities=many", "cities is 'many'"),
        ("cities=true", "cities is True"),
        ("cities=" + "9" * 5000, "cities is '999"),
        ("held_out=nan", "held_out is nan; it must be from 0.05 to 0.25"),
        ("cities=30", "30 cities are too few for 24 states"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(setting: str, said: str):
    with pytest.raises(MicrotomeError, match=said):
        read_world_options([setting])
