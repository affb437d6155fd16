"""Running a program on tokens, apart from any weights: what a compiled model must agree with."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from microtome.errors import MicrotomeError
from microtome.specimen.compiled.program import Map, Program, Width
from microtome.specimen.compiled.tables import level_table, map_table
from microtome.specimen.special_tokens import SPECIALS, START

Grid = Int[np.ndarray, "n position"]
_START_ID = SPECIALS.index(START)


@dataclass(frozen=True)
class Values:
    """Every variable's value at every position, as an index into its values."""

    grids: dict[str, Grid]
    counts: dict[str, Grid]
    """By `Width`, what it counts, also beyond its largest value."""
    clear: Bool[np.ndarray, " n"]
    """Whether heads found one value wherever they looked; where they did not, the program says
    nothing."""

    def __getitem__(self, name: str) -> Grid:
        return self.grids[name]


def run_program(
    program: Program,
    tokens: Int[np.ndarray, "n position"],
    forced: Mapping[str, Grid] | None = None,
) -> Values:
    """Compute every variable of a program.

    Args:
        program: to run.
        tokens: ids of its vocabulary, each row beginning with `<s>`; what stands behind a text
            (padding) computes something that nothing before it sees.
        forced: by variable, the index of the value that it is given instead, -1 where it is left
            alone; what is computed from it follows. Not at `<s>`, whose values all heads rely on,
            and not `start`, by which they know it.

    Raises:
        MicrotomeError: a row that does not begin with `<s>`, is too long, or has an unknown token;
            an unknown variable or value to be forced, or one that may not be.
    """
    forced = forced or {}
    _check(program, tokens, forced)
    n, length = tokens.shape
    position = np.broadcast_to(np.arange(length), (n, length))
    symbol = np.where(tokens >= len(SPECIALS), tokens - len(SPECIALS) + 1, 0)
    grids: dict[str, Grid] = {}
    counts: dict[str, Grid] = {}
    clear = np.ones(n, dtype=bool)

    def put(name: str, grid: Grid) -> None:
        given = forced.get(name)
        grids[name] = grid if given is None else np.where(given >= 0, given, grid)

    put("token", symbol)
    put("position", position)
    put("start", np.minimum(position, 1))
    for step in program.steps:
        if isinstance(step, Map):
            table = map_table(program, step)
            put(step.name, table[tuple(grids[name] for name in step.inputs)])
            continue
        # levels [n, query position, key position], nothing after the query; <s> for want of others
        levels = level_table(program, step)[grids[step.query][:, :, None], grids[step.key][:, None]]
        levels = levels * np.tri(length, dtype=np.int64)
        levels[:, :, 0] = 0
        if isinstance(step, Width):
            counts[step.name] = (levels > 0).sum(-1)
            put(step.name, np.minimum(counts[step.name], step.most))
        else:
            found, one = _aggregate(levels, grids[step.value])
            put(step.name, found)
            given = forced.get(step.name)
            clear &= (one if given is None else one | (given >= 0)).all(1)
    return Values(grids, counts, clear)


def _aggregate(
    levels: Int[np.ndarray, "n query key"], value: Grid
) -> tuple[Grid, Bool[np.ndarray, "n query"]]:
    """The value at the highest level, and whether all keys there agree on it."""
    best = levels.max(-1, keepdims=True)
    looked = (levels == best) & ((best > 0) | (np.arange(levels.shape[2]) == 0))
    seen = np.where(looked, value[:, None, :], -1)
    found = seen.max(-1)
    return found, ((seen == -1) | (seen == found[:, :, None])).all(-1)


def _check(
    program: Program, tokens: Int[np.ndarray, "n position"], forced: Mapping[str, Grid]
) -> None:
    if tokens.shape[1] > program.positions:
        raise MicrotomeError(
            f"the text has {tokens.shape[1]} tokens, but {program.name!r} is compiled for up to "
            f"{program.positions}; shorten it"
        )
    if tokens.size and not (tokens[:, 0] == _START_ID).all():
        raise MicrotomeError(f"a text of {program.name!r} begins with {START}")
    if tokens.size and not (tokens.min() >= 0 and tokens.max() < len(program.vocabulary)):
        raise MicrotomeError(
            f"a token id lies outside the vocabulary of {program.name!r} "
            f"(0 to {len(program.vocabulary) - 1})"
        )
    for name, grid in forced.items():
        if name not in program.values:
            known = ", ".join(program.values)
            raise MicrotomeError(f"{program.name!r} has no variable {name!r}; known: {known}")
        if name == "start" or (grid[:, :1] >= 0).any():
            what = "start" if name == "start" else f"{name!r} at {START}"
            raise MicrotomeError(f"{what} cannot be forced: all heads of {program.name!r} need it")
        if grid.shape != tokens.shape or grid.max(initial=-1) >= len(program.values[name]):
            raise MicrotomeError(
                f"what {name!r} is forced to must have the shape of the tokens and indices of its "
                f"{len(program.values[name])} values, -1 where it is left alone"
            )
