"""A clerk small enough to be trained in a test."""

import pytest

from microtome.specimen.clerk.train import ClerkRecipe
from microtome.specimen.clerk.world.options import WorldOptions
from microtome.specimen.clerk.world.world import World, world_of


@pytest.fixture(scope="session")
def options() -> WorldOptions:
    return WorldOptions(cities=20, states=4, people=10, famous=1, held_out=0.05)


@pytest.fixture(scope="session")
def small_world(options: WorldOptions) -> World:
    return world_of(options)


@pytest.fixture(scope="session")
def recipe(options: WorldOptions) -> ClerkRecipe:
    """Of one layer, in which no stage is trained longer than two steps."""
    return ClerkRecipe(options, 1, 16, 2, 32, rows=8, warmup=2, length=0.00125)
