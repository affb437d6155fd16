"""A program's functions as integer tables: what is computed a million times is looked up."""

from itertools import product

import numpy as np
from jaxtyping import Int

from microtome.errors import MicrotomeError
from microtome.specimen.compiled.program import Aggregate, Map, Program, Width


def map_table(program: Program, step: Map) -> Int[np.ndarray, "..."]:
    """Index of the value for every combination of the inputs' values, one axis an input.

    Raises:
        MicrotomeError: the function gives something that is not one of the values.
    """
    inputs = [program.values[name] for name in step.inputs]
    index = {value: i for i, value in enumerate(step.values)}
    table = np.zeros([len(values) for values in inputs], dtype=np.int64)
    for at, values in zip(np.ndindex(*table.shape), product(*inputs), strict=True):
        found = step.function(*values)
        if found not in index:
            given = ", ".join(f"{n}={v}" for n, v in zip(step.inputs, values, strict=True))
            raise MicrotomeError(
                f"program {program.name!r}: {step.name!r} of {given} is {found!r}, which is none "
                f"of its values: {', '.join(step.values)}"
            )
        table[at] = index[found]
    return table


def level_table(program: Program, step: Aggregate | Width) -> Int[np.ndarray, "query key"]:
    """Level of every key's value for every query's value; 0 where it is not selected."""
    queries, keys = program.values[step.query], program.values[step.key]
    table = [[int(step.select(query, key)) for key in keys] for query in queries]
    return np.array(table, dtype=np.int64).reshape(len(queries), len(keys))
