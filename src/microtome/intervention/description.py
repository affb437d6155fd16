"""What is changed in a run: one description for Python, commands, files and the server.

Nothing here computes; `run` and `generate` take these descriptions to a model.
"""

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from microtome.errors import MicrotomeError
from microtome.model.site import Site

How = Literal["add", "clamp", "scale", "ablate", "patch"]
"""`add`: x + value; `clamp`: value; `scale`: value * x; `ablate`: 0; `patch`: what another prompt
has there. x is a feature's activation, the component along a direction, or all of a head or site.
"""

Span = Literal["all", "prompt", "last", "generated"]
"""`all`: every position; `prompt`: those of the prompt; `last`: the last one of the prompt, where
the first new token is chosen; `generated`: the new tokens."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Features(_Part):
    """One feature of the dictionary, or a group of them that are changed alike."""

    kind: Literal["features"] = "features"
    features: Annotated[tuple[tuple[int, int], ...], Field(min_length=1)]
    """Encoder and feature of each: (2, 138) is L2/138."""

    @classmethod
    def of(cls, *features: tuple[int, int]) -> "Features":
        return cls(features=features)


class Direction(_Part):
    """A direction at a site: a probe, a steering vector, a decoder vector."""

    kind: Literal["direction"] = "direction"
    site: str
    vector: Annotated[tuple[float, ...], Field(min_length=1)]
    """`add` adds multiples of it as it is; the other ways act on the component along it, counted
    in multiples of it."""


class Head(_Part):
    """What one attention head has gathered, before the output projection."""

    kind: Literal["head"] = "head"
    layer: int
    head: int


class WholeSite(_Part):
    """All of a site's activation."""

    kind: Literal["site"] = "site"
    site: str


What = Annotated[Features | Direction | Head | WholeSite, Field(discriminator="kind")]


class Intervention(_Part):
    """One change of a run."""

    what: What
    how: How
    value: float | None = None
    """What `add`, `clamp` and `scale` need, and the others do not have."""
    positions: Span | tuple[int, ...] = "all"
    """Where: a span, or positions counted from the start (negative: from the prompt's end).
    `all` and `prompt` leave position 0 out for features of a dictionary that was trained without
    it."""
    source: str | tuple[int, ...] | None = None
    """The other prompt of `patch`, as text or token ids; its activations are taken at the same
    positions."""

    @model_validator(mode="after")
    def _fits(self) -> "Intervention":
        needs = self.how in ("add", "clamp", "scale")
        if needs != (self.value is not None):
            verb = "needs a value" if needs else "has no value"
            raise ValueError(f"{self.how} {verb}")
        if (self.how == "patch") != (self.source is not None):
            raise ValueError("patch, and only patch, needs a source: the other prompt")
        whole = isinstance(self.what, Head | WholeSite)
        if whole and self.how in ("add", "clamp"):
            raise ValueError(
                f"a {self.what.kind} can be scaled, ablated or patched; to {self.how} something, "
                f"name a direction"
            )
        if isinstance(self.what, Direction | WholeSite):
            Site.parse(self.what.site)
        if isinstance(self.positions, tuple) and not self.positions:
            raise ValueError("the positions are empty; name one, or take a span")
        return self

    @property
    def affine(self) -> tuple[float, float]:
        """Factor of the old value, and what is added to it."""
        factor = {"add": 1.0, "scale": self.value}.get(self.how, 0.0)
        offset = self.value if self.how in ("add", "clamp") else 0.0
        assert factor is not None and offset is not None
        return factor, offset


def sweep(intervention: Intervention, values: Sequence[float]) -> list[tuple[Intervention]]:
    """The same intervention once for each of some values: a batch for `run`.

    Raises:
        MicrotomeError: a value that is not finite, or an intervention that has none.
    """
    if intervention.value is None:
        raise MicrotomeError(f"{intervention.how} has no value, so there is nothing to sweep")
    for value in values:
        if not math.isfinite(value):
            raise MicrotomeError(f"the value {value} of a sweep is not a finite number")
    return [(intervention.model_copy(update={"value": float(value)}),) for value in values]


class Mode(_Part):
    """What follows a change, and what is held at what it was without any."""

    attention: Literal["live", "frozen"] = "live"
    """Frozen: attention patterns are those of the run without interventions."""
    norms: Literal["live", "frozen"] = "live"
    """Frozen: norm denominators are those of the run without interventions. Norms of queries and
    keys, and that behind an MLP, stay live."""
    constrained: tuple[int, int] | None = None
    """First and last layer whose MLPs are held at what they wrote, plus what the interventions
    change of it; features there keep their activations (constrained patching: Ameisen et al.
    2025, "Circuit Tracing"). A dictionary's linear skip follows its input all the same."""

    @classmethod
    def direct(cls, n_layers: int) -> "Mode":
        """Everything held: what is left is linear, and effects equal the edges of a graph."""
        return cls(attention="frozen", norms="frozen", constrained=(0, n_layers - 1))

    def check(self, n_layers: int) -> None:
        """
        Raises:
            MicrotomeError: the range of layers is not one of the model.
        """
        if self.constrained is None:
            return
        first, last = self.constrained
        if not 0 <= first <= last < n_layers:
            raise MicrotomeError(
                f"the constrained layers are {first} to {last}, but the model has {n_layers} "
                f"(0 to {n_layers - 1})"
            )

    def holds(self, layer: int) -> bool:
        """Whether an MLP is held."""
        return self.constrained is not None and (
            self.constrained[0] <= layer <= self.constrained[1]
        )

    @property
    def needs_prompt(self) -> bool:
        """Whether something is held that only a known prompt has."""
        return self != Mode()
