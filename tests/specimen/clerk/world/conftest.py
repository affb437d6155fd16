"""The default world, and much of what it says."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from microtome.specimen.clerk.world.options import WorldOptions
from microtome.specimen.clerk.world.part import Item, Turn
from microtome.specimen.clerk.world.world import World, world_of

SENTENCES, TURNS = 20_000, 4000

_SAMPLE = """
import json, sys
from dataclasses import astuple
from microtome.specimen.clerk.world.draw import Draw
from microtome.specimen.clerk.world.world import World

def say(part, draw):
    before = draw.nats
    text = part.sentence(draw)
    return text, draw.nats - before

sentences, turns = map(int, sys.argv[1:])
said, asked = {}, {}
for name, part in World().parts.items():
    draw = Draw(f"test {name}")
    said[name] = [say(part, draw) for _ in range(sentences)]
    asked[name] = [astuple(turn) for _ in range(turns) if (turn := part.turn(draw))]
json.dump([said, asked], sys.stdout)
"""


class Said(NamedTuple):
    """One sentence, and what the generator says of its probability."""

    text: str
    nats: float


@pytest.fixture(scope="package")
def world() -> World:
    return world_of(WorldOptions())


@pytest.fixture(scope="package")
def items(world: World) -> Sequence[Item]:
    """All questions."""
    return world.items()


@pytest.fixture(scope="package")
def truth(world: World) -> dict:
    """The truth tables as they are written."""
    return json.loads(json.dumps(world.truth()))


@pytest.fixture(scope="package")
def sample() -> tuple[dict, dict]:
    """Sentences and turns of each part, drawn in a process of its own: the checks of every call
    that tests run with would take most of a minute."""
    command = [sys.executable, "-c", _SAMPLE, str(SENTENCES), str(TURNS)]
    sentences, turns = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return sentences, turns


@pytest.fixture(scope="package")
def sentences(sample: tuple[dict, dict]) -> dict[str, list[Said]]:
    """Sentences of each part."""
    return {name: [Said(*one) for one in every] for name, every in sample[0].items()}


@pytest.fixture(scope="package")
def turns(sample: tuple[dict, dict]) -> dict[str, list[Turn]]:
    """Questions and answers of each part; none about tales."""
    return {name: [Turn(*one) for one in every] for name, every in sample[1].items()}
