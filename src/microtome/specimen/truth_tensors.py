"""The tensors of a truth: whether they are there and fit what it says."""

from collections.abc import Mapping

import torch
from torch import Tensor

from microtome.errors import MicrotomeError
from microtome.specimen.truth import Truth, Variable

TOKENS = "tokens"
FIRINGS = ("firing_row", "firing_direction", "firing_value")
"""Of a synthetic sample: which direction is active on which row, and how much; one entry each."""


def check_tensors(truth: Truth, tensors: Mapping[str, Tensor], where: str) -> None:
    """Refuse tensors that do not fit a truth.

    A variable's directions are [value, d] real numbers; its labels int16 [n, length], as many as
    the integer tensor `tokens`, and each -1 or the index of a value. A synthetic truth has
    `directions` [direction, d], `probability` [direction] (how often each is active) and `parent`
    [direction] (integers; -1 for none); where there are groups, `group` [direction], the number of
    each direction's or -1; and of a sample, where it has one, `firing_row`,
    `firing_direction` and `firing_value`, one entry each firing, rows of `activations` [row, d].

    Raises:
        MicrotomeError: one is missing or does not fit; names it.
    """
    try:
        for variable in truth.variables:
            _check_variable(variable, tensors)
        if truth.kind == "synthetic":
            _check_synthetic(tensors)
    except ValueError as error:
        raise MicrotomeError(f"{where}: {error}") from error


def _tensor(tensors: Mapping[str, Tensor], name: str, used: str) -> Tensor:
    if name not in tensors:
        found = ", ".join(sorted(tensors)) or "none"
        raise ValueError(f"{used} needs the tensor {name!r}; there is {found}")
    return tensors[name]


def _check_variable(variable: Variable, tensors: Mapping[str, Tensor]) -> None:
    used, n = f"variable {variable.name!r}", len(variable.values)
    if variable.directions is not None:
        found = _tensor(tensors, variable.directions, used)
        if found.ndim != 2 or len(found) != n or not found.is_floating_point():
            raise ValueError(f"{used} needs directions [{n}, d], not {_described(found)}")
        _check_finite(found, f"directions of {used}")
    if variable.labels is not None:
        found = _tensor(tensors, variable.labels, used)
        tokens = _tensor(tensors, TOKENS, used)
        if found.dtype != torch.int16 or found.ndim != 2:
            raise ValueError(f"{used} needs int16 labels [n, length], not {_described(found)}")
        if tokens.shape != found.shape or tokens.is_floating_point():
            raise ValueError(
                f"{used} has labels {list(found.shape)} for tokens {_described(tokens)}; both are "
                f"integers of one shape"
            )
        _check_range(found, n, -1, f"labels of {used}")


def _check_synthetic(tensors: Mapping[str, Tensor]) -> None:
    used = "a synthetic truth"
    directions = _tensor(tensors, "directions", used)
    if directions.ndim != 2 or not directions.numel() or not directions.is_floating_point():
        raise ValueError(f"{used} needs directions [n, d], not {_described(directions)}")
    _check_finite(directions, "directions")
    n, d = directions.shape
    probability, parent = (_tensor(tensors, name, used) for name in ("probability", "parent"))
    if probability.shape != (n,) or not probability.is_floating_point():
        raise ValueError(f"{used} needs probability [{n}], not {_described(probability)}")
    if not bool(((probability >= 0) & (probability <= 1)).all()):
        raise ValueError("probability must lie from 0 to 1")
    if parent.shape != (n,) or parent.is_floating_point():
        raise ValueError(f"{used} needs integers parent [{n}], not {_described(parent)}")
    _check_range(parent, n, -1, "parent")
    if "group" in tensors:
        group = tensors["group"]
        if group.shape != (n,) or group.is_floating_point():
            raise ValueError(f"{used} needs integers group [{n}], not {_described(group)}")
        _check_range(group, n, -1, "group")
    if any(name in tensors for name in (*FIRINGS, "activations")):
        _check_firings(tensors, n, d)


def _check_firings(tensors: Mapping[str, Tensor], n: int, d: int) -> None:
    used = "a sample of firings"
    row, direction, value = (_tensor(tensors, name, used) for name in FIRINGS)
    rows = _tensor(tensors, "activations", used)
    if rows.ndim != 2 or rows.shape[1] != d or not rows.is_floating_point():
        raise ValueError(f"{used} needs activations [row, {d}], not {_described(rows)}")
    _check_finite(rows, "activations")
    if not row.shape == direction.shape == value.shape or row.ndim != 1:
        raise ValueError(f"{used} needs {', '.join(FIRINGS)} of one length")
    if row.is_floating_point() or direction.is_floating_point():
        raise ValueError("firing_row and firing_direction must be integers")
    _check_range(row, len(rows), 0, "firing_row")
    _check_range(direction, n, 0, "firing_direction")
    _check_finite(value, "firing_value")


def _check_range(index: Tensor, n: int, lowest: int, what: str) -> None:
    outside = index[(index < lowest) | (index >= n)]
    if outside.numel():
        raise ValueError(f"{what} hold {int(outside[0])}, expected {lowest}..{n - 1}")


def _check_finite(x: Tensor, what: str) -> None:
    if not bool(torch.isfinite(x).all()):
        raise ValueError(f"{what} hold a number that is not finite")


def _described(x: Tensor) -> str:
    return f"{str(x.dtype).removeprefix('torch.')} {list(x.shape)}"
