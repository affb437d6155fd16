"""Which layer computes which variable: every step as early as its inputs allow.

A block reads the stream with its heads, then with its MLP. So a variable that a head writes in
layer L can be mapped in layer L, and one that the MLP of layer L writes is seen by the heads of
layer L + 1 and mapped by the MLP of layer L + 1. A `Width` takes a head and the MLP of one layer.
"""

from dataclasses import dataclass
from typing import Literal

from microtome.specimen.compiled.program import GIVEN, Map, Program, Width, inputs_of


@dataclass(frozen=True)
class Place:
    """Where a variable is written."""

    by: Literal["embedding", "attention", "mlp"]
    layer: int = 0
    head: int | None = None
    """The head that computes it, also of a `Width`, whose MLP then writes it."""

    @property
    def site(self) -> str:
        """Where the variable is first seen in the stream."""
        if self.by == "embedding":
            return "embed"
        return f"blocks.{self.layer}.resid.{'mid' if self.by == 'attention' else 'post'}"

    @property
    def written(self) -> str:
        """The site whose change reaches everything behind it: what is added to the stream."""
        if self.by == "embedding":
            return "embed"
        return f"blocks.{self.layer}.{'attn' if self.by == 'attention' else 'mlp'}.out"


@dataclass(frozen=True)
class Schedule:
    """Places of all variables that are used."""

    places: dict[str, Place]
    layers: int
    heads: int
    """Of each layer: as many as the busiest needs."""

    def before(self, layer: int, by: Literal["attention", "mlp"]) -> list[str]:
        """Variables in the stream when the attention or the MLP of a layer reads it."""
        return [name for name, place in self.places.items() if _ready(place, layer, by)]


def _ready(place: Place, layer: int, by: Literal["attention", "mlp"]) -> bool:
    if place.by == "embedding" or place.layer < layer:
        return True
    return place.layer == layer and by == "mlp" and place.by == "attention"


def schedule(program: Program) -> Schedule:
    """Place every step of a program."""
    places = {name: Place("embedding") for name in program.used if name in GIVEN}
    busy: dict[int, int] = {}
    for step in program.steps:
        by = "mlp" if isinstance(step, Map) else "attention"
        layer = max((_earliest(places[name], by) for name in inputs_of(step)), default=0)
        if isinstance(step, Map):
            places[step.name] = Place("mlp", layer)
            continue
        head = busy.get(layer, 0)
        busy[layer] = head + 1
        places[step.name] = Place("mlp" if isinstance(step, Width) else "attention", layer, head)
    layers = 1 + max((place.layer for place in places.values()), default=0)
    return Schedule(places, layers, max(busy.values(), default=1))


def _earliest(place: Place, by: Literal["attention", "mlp"]) -> int:
    """First layer whose attention or MLP can read what is written there."""
    if place.by == "embedding":
        return 0
    same_layer = by == "mlp" and place.by == "attention"
    return place.layer if same_layer else place.layer + 1
