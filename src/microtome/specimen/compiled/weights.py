"""The exact transformer: float64 weights over the stream's own columns, no norms, not rotated.

The stream's columns are the variables' subspaces, side by side; then `one`, which every token has
with the same length and which stands in for biases; then one number a head that counts (`share`),
written by the head and erased by the MLP of the same layer. Reads are multiples of what the stream
holds, so that a norm, which only rescales the stream, never changes their sign.
"""

from dataclasses import dataclass, field
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from microtome.specimen.compiled.neurons import Neurons, count_neurons, map_neurons
from microtome.specimen.compiled.program import NONE, Map, Program, Step, Width
from microtome.specimen.compiled.schedule import Schedule, schedule
from microtome.specimen.compiled.space import Space
from microtome.specimen.special_tokens import SPECIALS, START

GAP = 40.0
"""Nats by which the score of a key that wins exceeds that of one that loses: e^-40 is no weight."""
SHARE = 2.0
"""What a head that counts writes where `<s>` has all of its attention."""
LOGIT = 20.0
"""Logit of the token that the output variable names."""


@dataclass(frozen=True)
class Head:
    """One attention head; scores are query . key, without a further scale."""

    query: Float[Tensor, "stream d_key"]
    key: Float[Tensor, "stream d_key"]
    value: Float[Tensor, "stream d_value"]
    output: Float[Tensor, "d_value stream"]


@dataclass(frozen=True)
class Layer:
    """Heads, then an MLP: relu(x @ reads + bias) @ writes + constant."""

    heads: list[Head]
    mlp: Neurons


@dataclass(frozen=True)
class Weights:
    """All weights, float64."""

    tokens: Float[Tensor, "vocabulary stream"]
    positions: Float[Tensor, "position stream"]
    layers: list[Layer]
    unembed: Float[Tensor, "stream vocabulary"]


@dataclass(frozen=True)
class Plan:
    """What weights are made from: a program, its space, its schedule, the length of `one`."""

    space: Space
    one: float
    """Length of the constant part of the stream."""
    schedule: Schedule = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "schedule", schedule(self.space.program))

    @property
    def program(self) -> Program:
        return self.space.program

    @cached_property
    def shares(self) -> dict[str, int]:
        """By variable that is counted, its column; heads of different layers share columns, as
        what one layer writes there it erases."""
        found: dict[str, int] = {}
        for layer in range(self.schedule.layers):
            here = [step.name for step in self.steps(layer) if isinstance(step, Width)]
            found |= {name: self.space.dims + 1 + i for i, name in enumerate(here)}
        return found

    @property
    def stream(self) -> int:
        """Columns."""
        return max([self.space.dims, *self.shares.values()]) + 1

    @property
    def head_size(self) -> int:
        """Dimensions that a head needs."""
        steps = [step for step in self.program.steps if not isinstance(step, Map)]
        sizes = [min(self.space.forms[step.name].matrix.shape) for step in steps]
        sizes += [self.space.codes[step.name].shape[1] for step in steps]
        return max(sizes, default=1)

    def steps(self, layer: int) -> list[Step]:
        """Steps computed in a layer."""
        return [s for s in self.program.steps if self.schedule.places[s.name].layer == layer]

    def columns(self, codes: Float[Tensor, "n d"], name: str) -> Float[Tensor, "n stream"]:
        """Vectors of a variable's subspace as vectors of the stream."""
        full = torch.zeros(len(codes), self.stream, dtype=torch.float64)
        full[:, self.space.slices[name]] = codes
        return full

    def vectors(self, name: str) -> Float[Tensor, "value stream"]:
        """Of each value of a variable."""
        return self.columns(self.space.codes[name], name)

    def constant(self) -> Float[Tensor, " stream"]:
        """Reads 1 from every token."""
        reader = torch.zeros(self.stream, dtype=torch.float64)
        reader[self.space.dims] = 1 / self.one
        return reader


def build_weights(plan: Plan) -> Weights:
    """The weights of a plan."""
    layers = [_layer(plan, layer) for layer in range(plan.schedule.layers)]
    return Weights(_tokens(plan), _positions(plan), layers, _unembed(plan))


def _tokens(plan: Plan) -> Float[Tensor, "vocabulary stream"]:
    embedded = torch.zeros(len(plan.program.vocabulary), plan.stream, dtype=torch.float64)
    if "token" in plan.space.codes:
        vectors = plan.vectors("token")
        embedded[len(SPECIALS) :] = vectors[1:]
        embedded[: len(SPECIALS)] = vectors[0]  # only <s> is in texts of a program
    return embedded


def _positions(plan: Plan) -> Float[Tensor, "position stream"]:
    n = plan.program.positions
    embedded = torch.zeros(n, plan.stream, dtype=torch.float64)
    embedded[:, plan.space.dims] = plan.one
    if "position" in plan.space.codes:
        embedded += plan.vectors("position")
    if "start" in plan.space.codes:
        embedded += plan.vectors("start")[torch.arange(n).clamp(max=1)]
    return embedded


def _layer(plan: Plan, layer: int) -> Layer:
    steps = plan.steps(layer)
    heads = [_head(plan, step) for step in steps if not isinstance(step, Map)]
    mlp = Neurons.none(plan.stream)
    for step in steps:
        if isinstance(step, Map):
            mlp = mlp.beside(map_neurons(plan.space, step, plan.vectors, plan.constant()))
        elif isinstance(step, Width):
            shares = SHARE / torch.arange(1, plan.program.positions + 1, dtype=torch.float64)
            column, vectors = plan.shares[step.name], plan.vectors(step.name)
            mlp = mlp.beside(count_neurons(shares, column, vectors, plan.constant()))
    return Layer(heads, mlp)


def _head(plan: Plan, step: Step) -> Head:
    assert not isinstance(step, Map)
    query_code, key_code = plan.space.codes[step.query], plan.space.codes[step.key]
    query = plan.columns(torch.eye(query_code.shape[1], dtype=torch.float64), step.query)
    key = plan.columns(torch.eye(key_code.shape[1], dtype=torch.float64), step.key)
    queries = torch.vstack([query, plan.constant()]).T
    start = plan.vectors("start")[0]
    keys = torch.vstack([key, start]).T
    form = plan.space.forms[step.name]
    left, sizes, right = torch.linalg.svd(torch.from_numpy(form.matrix), full_matrices=False)
    half = (sizes * GAP / form.margin).sqrt()
    if isinstance(step, Width):
        value = (SHARE / 2 * (start + plan.constant()))[:, None]  # SHARE at <s>, 0 elsewhere
        output = torch.zeros(1, plan.stream, dtype=torch.float64)
        output[0, plan.shares[step.name]] = 1
    else:
        size = plan.space.codes[step.name].shape[1]
        value = plan.columns(torch.eye(size, dtype=torch.float64), step.value).T
        output = plan.columns(torch.eye(size, dtype=torch.float64), step.name)
    return Head(queries @ left * half, keys @ right.T * half, value, output)


def _unembed(plan: Plan) -> Float[Tensor, "stream vocabulary"]:
    """The output's own code for each token that it can name; all others are held down."""
    program = plan.program
    ids = {token: i for i, token in enumerate(program.vocabulary)}
    logits = -LOGIT * plan.constant()[:, None].repeat(1, len(ids))
    vectors = plan.vectors(program.output)
    for value, vector in zip(program.values[program.output], vectors, strict=True):
        if value not in (NONE, START):
            logits[:, ids[value]] = LOGIT * vector
    return logits
