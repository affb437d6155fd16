"""Whether a compiled model does what its program does: answers, variables, interventions."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from microtome.errors import MicrotomeError
from microtome.intervention import Direction, Intervention, hold, intervene
from microtome.model import LanguageModel, Site
from microtome.specimen.compiled.compile import Compiled
from microtome.specimen.compiled.inputs import UNPROMISED, Inputs
from microtome.specimen.compiled.interpret import Values, run_program
from microtome.specimen.compiled.program import NONE, Program
from microtome.specimen.special_tokens import START

_ROWS_AT_ONCE = 1000


def wrong_texts(compiled: Compiled, inputs: Inputs) -> Bool[np.ndarray, " n"]:
    """Texts in which any promised token is not the model's most likely one.

    Every text is read whole; where nothing is wrong, that is what greedy generation writes.
    """
    model = compiled.language_model()
    wrong = []
    for tokens, targets in _parts(inputs):
        best = model.run(tokens).logits.argmax(-1)
        wrong.append(((best != targets) & (targets != UNPROMISED)).any(1))
    return torch.cat(wrong).numpy()


def _parts(inputs: Inputs) -> Iterator[tuple[Tensor, Tensor]]:
    tokens, targets = torch.tensor(inputs.tokens), torch.tensor(inputs.targets)
    yield from zip(tokens.split(_ROWS_AT_ONCE), targets.split(_ROWS_AT_ONCE), strict=True)


def read_values(
    x: Float[Tensor, "*place d_model"], directions: Float[Tensor, "value d_model"]
) -> Int[Tensor, "*place"]:
    """The value whose direction is nearest, by a linear reader: x @ v - |v|^2 / 2 is largest."""
    directions = directions.to(x.dtype)
    return (x @ directions.T - (directions**2).sum(-1) / 2).argmax(-1)


def misread(compiled: Compiled, inputs: Inputs) -> dict[str, int]:
    """By variable, how many tokens have another value in the stream than in the program."""
    model, tokens = compiled.language_model(), torch.tensor(inputs.tokens)
    values = run_program(compiled.program, inputs.tokens)
    sites = {name: Site.parse(place.site) for name, place in compiled.schedule.places.items()}
    found = model.capture(tokens, list(sites.values()))
    inside = torch.arange(tokens.shape[1]) < torch.tensor(inputs.lengths)[:, None]
    wrong = {}
    for name, site in sites.items():
        read = read_values(found[site], compiled.directions(name))
        wrong[name] = int(((read != torch.tensor(values[name])) & inside).sum())
    return wrong


@dataclass(frozen=True)
class Swap:
    """A variable's value at one position of one text, and another one in its place."""

    variable: str
    position: int
    value: int
    """Index of the new value."""


def swap_values(
    compiled: Compiled, model: LanguageModel, tokens: Int[Tensor, "1 position"], swaps: list[Swap]
) -> Int[Tensor, "swap position"]:
    """The model's most likely next tokens with a variable's direction exchanged for another's,
    where it is written: one row a swap.

    Raises:
        MicrotomeError: a swap of what is not there, or may not be forced.
    """
    _check_swaps(compiled.program, swaps, tokens.shape[1])
    held = run_program(compiled.program, tokens.numpy())
    batch = [_exchange(compiled, swap, held) for swap in swaps]
    return intervene(hold(model, tokens), batch).logits.argmax(-1)


def _check_swaps(program: Program, swaps: list[Swap], length: int) -> None:
    for swap in swaps:
        if swap.variable not in program.used or swap.variable == "start":
            known = ", ".join(name for name in program.used if name != "start")
            raise MicrotomeError(
                f"{program.name!r} has no variable {swap.variable!r} to swap; known: {known}"
            )
        if not 1 <= swap.position < length:
            raise MicrotomeError(
                f"position {swap.position} cannot be swapped: the text has positions 1 to "
                f"{length - 1} after {START}"
            )
        n = len(program.values[swap.variable])
        if not 0 <= swap.value < n:
            raise MicrotomeError(
                f"{swap.variable!r} has no value {swap.value}: it has {n} (0 to {n - 1})"
            )


def _exchange(compiled: Compiled, swap: Swap, held: Values) -> tuple[Intervention, ...]:
    """The change of a swap along the truth's directions; none where the value stays."""
    old = int(held[swap.variable][0, swap.position])
    if old == swap.value:
        return ()
    vectors = compiled.directions(swap.variable)
    moved = Direction(
        site=compiled.schedule.places[swap.variable].written,
        vector=tuple((vectors[swap.value] - vectors[old]).tolist()),
    )
    return (Intervention(what=moved, how="add", value=1.0, positions=(swap.position,)),)


def forced_values(program: Program, tokens: Int[Tensor, "1 position"], swaps: list[Swap]) -> Values:
    """What the program computes with a variable's value forced: one row a swap.

    Raises:
        MicrotomeError: a swap of what is not there, or may not be forced.
    """
    _check_swaps(program, swaps, tokens.shape[1])
    rows = np.repeat(tokens.numpy(), len(swaps), 0)
    forced: dict[str, np.ndarray] = {}
    for row, swap in enumerate(swaps):
        grid = forced.setdefault(swap.variable, np.full(rows.shape, -1))
        grid[row, swap.position] = swap.value
    return run_program(program, rows, forced)


def output_tokens(program: Program, values: Values) -> Int[np.ndarray, "n position"]:
    """Ids of the tokens that the output variable names; -1 where it names none."""
    ids = {token: i for i, token in enumerate(program.vocabulary)}
    named = [-1 if v in (NONE, START) else ids[v] for v in program.values[program.output]]
    return np.array(named)[values[program.output]]


@dataclass(frozen=True)
class SwapReport:
    """Swaps on the model, beside what the program says of them."""

    compared: int
    changed: int
    """Of those, how many change a token that follows."""
    wrong: int
    """Of those, how many of which any token that follows is another one than the program's."""
    unclear: int
    """Left out, as a head of the program would look at two values at once."""


def compare_swaps(compiled: Compiled, inputs: Inputs, each: int = 2, seed: int = 0) -> SwapReport:
    """Random swaps of every variable in every text, on the model and in the program.

    Args:
        compiled: the model.
        inputs: texts.
        each: how many swaps of each variable in each text.
        seed: of positions and values.
    """
    program, model, random = compiled.program, compiled.language_model(), Random(seed)
    names = [name for name in compiled.schedule.places if name != "start"]
    counts = np.zeros(4, dtype=np.int64)
    for row, length in zip(inputs.tokens, inputs.lengths.tolist(), strict=True):
        tokens = torch.tensor(row[None, :length])
        swaps = [
            Swap(name, random.randrange(1, length), random.randrange(len(program.values[name])))
            for name in names
            for _ in range(each)
        ]
        values = forced_values(program, tokens, swaps)
        said, plain = output_tokens(program, values), model.run(tokens).logits.argmax(-1).numpy()
        found = swap_values(compiled, model, tokens, swaps).numpy()
        named = said >= 0
        changed, wrong = (
            ((found != other) & named).any(1) & values.clear for other in (plain, said)
        )
        counts += values.clear.sum(), changed.sum(), wrong.sum(), (~values.clear).sum()
    return SwapReport(*counts.tolist())
