"""Sizes of the world, and their ranges."""

import pytest

from microtome.errors import MicrotomeError
from microtome.specimen.clerk.world.options import RANGES, WorldOptions
from microtome.specimen.clerk.world.world import World


@pytest.mark.parametrize("name", RANGES)
def test_a_value_out_of_range_is_refused_with_its_range(name: str):
    low, high = RANGES[name]
    for value in (low - 1, high + 1):
        with pytest.raises(MicrotomeError, match=f"world's {name} is .* from {low} to {high}"):
            WorldOptions(**{name: value})


def test_a_value_that_is_no_number_is_refused():
    with pytest.raises(MicrotomeError, match="held_out is nan"):
        WorldOptions(held_out=float("nan"))


def test_states_have_two_cities_or_more():
    with pytest.raises(MicrotomeError, match="20 cities are too few for 24 states"):
        WorldOptions(cities=20)
    assert WorldOptions(cities=20, states=10).states == 10


@pytest.mark.parametrize("end", [0, 1])
def test_the_smallest_and_the_largest_world_can_be_made(end: int):
    sizes = {name: ends[end] for name, ends in RANGES.items()}
    world = World(WorldOptions(**sizes | {"held_out": (0.2, 0.25)[end]}))
    assert len(world.parts["places"].truth()["state_of"]) == RANGES["cities"][end]  # type: ignore
    known = set(world.vocabulary())
    for item in world.items():
        assert known.issuperset(item.prompt.split())
