"""How many dimensions each variable gets: as few as leave every margin that is needed.

A variable has a subspace of its own, in which a spherical code stands for its values; a variable
that a head takes over has the code of the one it is taken from. Codes start with the fewest
dimensions that have the code's margin, and grow where a selector of theirs has no form with a
sufficient margin. So what is told apart by the weights is told apart with room to spare, for all
combinations of values, before anything is run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from microtome.errors import MicrotomeError
from microtome.specimen.compiled.codes import (
    code_margin,
    one_hot,
    smallest_code,
    spherical_code,
)
from microtome.specimen.compiled.interpret import run_program
from microtome.specimen.compiled.program import Aggregate, Map, Program, Width
from microtome.specimen.compiled.scores import Form, fit_scores
from microtome.specimen.compiled.tables import level_table
from microtome.specimen.special_tokens import SPECIALS, START

CODE_MARGIN = 0.5
"""Overlap that a value's code must be short of its own length; float32 rounds at a millionth."""
SCORE_MARGIN = 0.05
"""What a key that wins must score above one that loses, with all scores between -1 and 1."""
SHARE_MARGIN = 1e-3
"""Half of what the attention that `<s>` gets must differ by between one count and the next."""


@dataclass(frozen=True)
class Margin:
    """Room that is left between things to be told apart."""

    what: str
    found: float
    needed: float

    @property
    def times(self) -> float:
        """The margin in multiples of the one that is needed: 1 or more, or it is refused."""
        return self.found / self.needed


@dataclass(frozen=True)
class Space:
    """Codes of all variables that are used, score forms of all heads, and the margins."""

    program: Program
    codes: dict[str, Float[Tensor, "value d"]]
    forms: dict[str, Form]
    margins: tuple[Margin, ...]

    @cached_property
    def slices(self) -> dict[str, slice]:
        """By variable, its columns of the stream before it is rotated."""
        found, start = {}, 0
        for name, codes in self.codes.items():
            found[name] = slice(start, start + codes.shape[1])
            start += codes.shape[1]
        return found

    @property
    def dims(self) -> int:
        """Of all variables together."""
        return sum(codes.shape[1] for codes in self.codes.values())

    @property
    def subspaces(self) -> int:
        """Dimensions that the variables would need with one for every value."""
        return sum(len(self.program.values[name]) for name in self.codes)

    def failed(self) -> Margin | None:
        """The margin that is shortest of what it needs, if one is."""
        worst = min(self.margins, key=lambda margin: margin.times)
        return worst if worst.times < 1 else None


def root(program: Program, name: str) -> str:
    """The variable whose code another one has."""
    step = program.step(name)
    return root(program, step.value) if isinstance(step, Aggregate) else name


def compressed_space(program: Program) -> Space:
    """The space of fewest dimensions with all margins.

    Raises:
        MicrotomeError: there is none; says which margin.
    """
    roots = {root(program, name) for name in program.used}
    dims = {r: smallest_code(len(program.values[r]), CODE_MARGIN).shape[1] for r in roots}
    while True:
        space = space_of(program, dims)
        short = [step for step in _selectors(program) if _is_short(space, step)]
        grown = {root(program, name) for step in short for name in (step.query, step.key)}
        grown = {r for r in grown if dims[r] < len(program.values[r]) - 1}
        if not grown:
            return _checked(space)
        dims |= {r: dims[r] + 1 for r in grown}


def plain_space(program: Program) -> Space:
    """A dimension for every value."""
    return _checked(space_of(program, {}))


def space_of(program: Program, dims: Mapping[str, int]) -> Space:
    """The space with given dimensions of the variables that are roots; one-hot where none are."""
    codes = {name: _code(program, name, dims) for name in program.used}
    forms = {step.name: _form(program, step, codes) for step in _selectors(program)}
    margins = [
        Margin(
            f"the code of {name!r} in {code.shape[1]} dimensions", code_margin(code), CODE_MARGIN
        )
        for name, code in codes.items()
    ]
    margins += [
        Margin(f"the selector of {name!r}", form.margin, SCORE_MARGIN)
        for name, form in forms.items()
    ]
    if any(isinstance(step, Width) for step in program.steps):
        n = program.positions
        margins.append(Margin(f"a count among {n} positions", 0.5 / (n * (n + 1)), SHARE_MARGIN))
    return Space(program, codes, forms, tuple(margins))


def squeezed(space: Space, dims: int) -> Space:
    """The space made to fit into fewer dimensions, whatever that does to its margins."""
    program = space.program
    by_root = {root(program, name): code.shape[1] for name, code in space.codes.items()}

    def total() -> int:
        return sum(by_root[root(program, name)] for name in space.codes)

    while total() > dims and max(by_root.values()) > 1:
        by_root[max(by_root, key=lambda r: by_root[r])] -= 1
    return space_of(program, by_root)


def _selectors(program: Program) -> list[Aggregate | Width]:
    return [step for step in program.steps if not isinstance(step, Map)]


def _is_short(space: Space, step: Aggregate | Width) -> bool:
    return space.forms[step.name].margin < SCORE_MARGIN


def _code(program: Program, name: str, dims: Mapping[str, int]) -> Float[Tensor, "value d"]:
    of = root(program, name)
    if of == "start":  # heads read it as a number, so its sign is fixed
        return torch.tensor([[1.0], [-1.0]], dtype=torch.float64)
    n = len(program.values[of])
    return spherical_code(n, dims[of]) if of in dims else one_hot(n)


def _form(program: Program, step: Aggregate | Width, codes: Mapping[str, Tensor]) -> Form:
    only_start = np.array([[SPECIALS.index(START)]])
    first = int(run_program(program, only_start)[step.key][0, 0])
    return fit_scores(
        codes[step.query].numpy(),
        codes[step.key].numpy(),
        level_table(program, step),
        first,
        equal=isinstance(step, Width),
    )


def _checked(space: Space) -> Space:
    failed = space.failed()
    if failed:
        raise MicrotomeError(
            f"program {space.program.name!r} cannot be compiled: {failed.what} has a margin of "
            f"{failed.found:.3g}, needed {failed.needed:g}"
        )
    return space
