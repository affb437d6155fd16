"""Options of synthetic activations: every value out of range is named."""

from typing import Any

import pytest

from microtome.errors import MicrotomeError
from microtome.specimen.synthetic.options import SyntheticOptions, make_options, read_options
from microtome.specimen.synthetic.world import make_world


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"d": 1}, "d: Input should be greater than or equal to 2"),
        ({"d": 10**6}, "d: Input should be less"),
        ({"directions": 0}, "directions: Input should be greater"),
        ({"active": 0}, "active: Input should be greater than 0"),
        ({"active": 600}, "active = 600 of 512 directions"),
        ({"active": 8, "directions": 16, "exponent": 1}, "needs the first one on 2.37 of the"),
        ({"exponent": -0.1}, "exponent: Input should be greater"),
        ({"exponent": float("nan")}, "exponent: Input should be a finite number"),
        ({"sizes": "normal"}, "sizes: Input should be 'uniform' or 'lognormal'"),
        ({"size_low": 0}, "size_low: Input should be greater than 0"),
        ({"size_low": 2}, r"size_low = 2 is above size_high 1\.5"),
        ({"size_high": 1e9}, "size_high: Input should be less"),
        ({"size_median": 0}, "size_median: Input should be greater"),
        ({"size_spread": 5}, "size_spread: Input should be less"),
        ({"tree_share": 1.1}, "tree_share: Input should be less"),
        ({"tree_depth": 1}, "tree_depth: Input should be greater"),
        ({"tree_branching": 0}, "tree_branching: Input should be greater"),
        ({"tree_share": 0.1, "tree_depth": 5}, "no room for a tree of 121"),
        ({"tree_share": 0.5, "exponent": 0.05}, "a child fires on 97% of its parent's tokens"),
        ({"group_size": 0}, "group_size: Input should be greater"),
        ({"correlation": 1.5, "group_size": 2}, "correlation: Input should be less"),
        ({"correlation": 0.5}, "correlation needs groups"),
        ({"anisotropy": 4}, "anisotropy: Input should be less"),
        ({"noise": -1}, "noise: Input should be greater"),
        ({"seed": -1}, "seed: Input should be greater"),
        ({"widht": 3}, "widht: Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_is_named(values: dict[str, Any], said: str):
    with pytest.raises(MicrotomeError, match=f"synthetic activations: .*{said}"):
        make_options(values)


def test_settings_are_toml_and_go_before_what_is_given():
    read = read_options(["d=32", "sizes = lognormal", "noise=0.1"], {"d": 64, "seed": 3})
    assert (read.d, read.sizes, read.noise, read.seed) == (32, "lognormal", 0.1, 3)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("d", "--set d: expected key=value"),
        ("=3", "--set =3: expected key=value"),
        ("direction=3", r"unknown key; did you mean 'directions'\?"),
        ("DIRECTIONS=3", r"unknown key; did you mean 'directions'\?"),
        ("d=wide", "d: Input should be a valid integer"),
        ("d=" + "9" * 5000, "d: .*exceeded maximum size"),
    ],
)
def test_settings_that_cannot_be(setting: str, said: str):
    with pytest.raises(MicrotomeError, match=said):
        read_options([setting])


@pytest.mark.parametrize(
    ("depth", "branching", "exponent"), [(2, 1, 1.0), (3, 4, 0.5), (4, 2, 0.3), (8, 1, 1.0)]
)
def test_the_surest_child_is_the_worlds(depth: int, branching: int, exponent: float):
    options = SyntheticOptions(
        directions=4000,
        exponent=exponent,
        tree_share=1.0,
        tree_depth=depth,
        tree_branching=branching,
    )
    world = make_world(options)
    surest = float(world.conditional[world.parent >= 0].max())
    assert surest == pytest.approx(options._surest_child, rel=0.02)
