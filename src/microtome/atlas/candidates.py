"""What is kept of every feature while the corpus goes by: a fixed number of bytes each."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Integer, UInt

from microtome.atlas.candidates_loops import BINS
from microtome.atlas.options import BuildOptions
from microtome.errors import MicrotomeError

POSITION_EDGES = (0, *(2**i for i in range(22)))
"""First position of every bucket."""
_NOTHING_KEPT = np.iinfo(np.uint64).max


class Totals(NamedTuple):
    """Sums over all activations of every feature."""

    active: Int[np.ndarray, " features"]
    """Tokens on which it was active."""
    total: Float[np.ndarray, " features"]
    maximum: Float[np.ndarray, " features"]
    histogram: Int[np.ndarray, "features bins"]
    positions: Int[np.ndarray, "features buckets"]


class Sample(NamedTuple):
    """A uniform sample of every feature's activations: those with the smallest hashes.

    A hash of feature and place decides, so the sample does not depend on the order in which they
    are seen, and the samples of several processes merge into that of one (bottom-k sampling;
    Cohen and Kaplan 2007).
    """

    filled: Int[np.ndarray, " features"]
    limit: UInt[np.ndarray, " features"]
    """Hashes from here on need not be offered."""
    key: UInt[np.ndarray, "features kept"]
    """The hash."""
    value: Float[np.ndarray, "features kept"]
    token: Int[np.ndarray, "features kept"]
    previous: Int[np.ndarray, "features kept"]
    """The token before; -1 where it is the first of its row."""


class Examples(NamedTuple):
    """Activations with the text around them: the largest of every feature, or a uniform sample."""

    filled: Int[np.ndarray, " features"]
    lowest: Float[np.ndarray, " features"]
    """Of the largest: activations below need not be offered."""
    limit: UInt[np.ndarray, " features"]
    """Of a sample: hashes from here on need not be offered."""
    key: UInt[np.ndarray, "features kept"]
    """Of the largest: a hash of the window, of which no two are kept; of a sample: its hash."""
    value: Float[np.ndarray, "features kept"]
    place: Integer[np.ndarray, "features kept"]
    """Number of the forward pass * 2^32 + number of the token in it."""
    document: Int[np.ndarray, "features kept"]
    position: Int[np.ndarray, "features kept"]
    """Of the window's first token in its row."""
    peak: Int[np.ndarray, "features kept"]
    length: Int[np.ndarray, "features kept"]
    tokens: Int[np.ndarray, "features kept width"]
    values: Float[np.ndarray, "features kept width"]


class Candidates(NamedTuple):
    """All of it."""

    totals: Totals
    sample: Sample
    banded: Examples
    """A uniform sample, for the examples of quantile bands."""
    top: Examples


_Field = tuple[str, type, tuple[int, ...], float | int]
"""Name, dtype, shape behind the features, and what it starts with."""


def _totals() -> list[_Field]:
    return [
        ("active", np.int64, (), 0),
        ("total", np.float64, (), 0),
        ("maximum", np.float32, (), 0),
        ("histogram", np.int64, (BINS,), 0),
        ("positions", np.int64, (len(POSITION_EDGES),), 0),
    ]


def _sample(kept: int) -> list[_Field]:
    return [
        ("filled", np.int32, (), 0),
        ("limit", np.uint64, (), _NOTHING_KEPT),
        ("key", np.uint64, (kept,), 0),
        ("value", np.float32, (kept,), 0),
        ("token", np.int32, (kept,), 0),
        ("previous", np.int32, (kept,), 0),
    ]


def _examples(kept: int, width: int) -> list[_Field]:
    return [
        ("filled", np.int32, (), 0),
        ("lowest", np.float32, (), 0),
        ("limit", np.uint64, (), _NOTHING_KEPT if kept else 0),
        ("key", np.uint64, (kept,), 0),
        ("value", np.float32, (kept,), 0),
        ("place", np.int64, (kept,), 0),
        ("document", np.int64, (kept,), 0),
        ("position", np.int32, (kept,), 0),
        ("peak", np.int16, (kept,), 0),
        ("length", np.int16, (kept,), 0),
        ("tokens", np.int32, (kept, width), 0),
        ("values", np.float32, (kept, width), 0),
    ]


def _layout(options: BuildOptions) -> dict[str, list[_Field]]:
    return {
        "totals": _totals(),
        "sample": _sample(options.sample),
        "banded": _examples(options.banded, options.width),
        "top": _examples(options.examples, options.width),
    }


def bytes_per_feature(options: BuildOptions) -> int:
    """What is kept of one feature, in bytes."""
    fields = [field for part in _layout(options).values() for field in part]
    return sum(np.dtype(dtype).itemsize * int(np.prod(shape)) for _, dtype, shape, _ in fields)


def check_memory(features: int, options: BuildOptions) -> None:
    """Refuse what would not fit, before anything is done.

    Raises:
        MicrotomeError: says what would fit.
    """
    room = options.memory_gb * 1e9
    needed = features * bytes_per_feature(options)
    if needed <= room:
        return
    raise MicrotomeError(
        f"an atlas of {features:,} features needs {needed / 1e9:.1f} GB, more than --memory-gb "
        f"{options.memory_gb:g}; {_what_fits(features, options)}"
    )


def _what_fits(features: int, options: BuildOptions) -> str:
    from dataclasses import replace

    room = options.memory_gb * 1e9
    smaller = options
    while smaller.examples + smaller.per_band + smaller.sample > 10:
        smaller = replace(
            smaller,
            examples=max(smaller.examples // 2, 4),
            per_band=max(smaller.per_band // 2, 1),
            sample=max(smaller.sample // 2, 4),
        )
        if features * bytes_per_feature(smaller) <= room:
            return (
                f"--examples {smaller.examples} --per-band {smaller.per_band} --sample "
                f"{smaller.sample} would fit, or raise --memory-gb"
            )
    return f"that holds {int(room // bytes_per_feature(options)):,} features; raise --memory-gb"


def empty_candidates(features: int, options: BuildOptions) -> Candidates:
    """Nothing seen yet; memory is taken as features become active."""

    def arrays(fields: list[_Field]) -> dict[str, np.ndarray]:
        made = {}
        for name, dtype, shape, start in fields:
            made[name] = np.zeros((features, *shape), dtype)
            if start:
                made[name].fill(start)
        return made

    made = {name: arrays(fields) for name, fields in _layout(options).items()}
    return Candidates(
        Totals(**made["totals"]),
        Sample(**made["sample"]),
        Examples(**made["banded"]),
        Examples(**made["top"]),
    )


def plain(candidates: Candidates) -> tuple[tuple[np.ndarray, ...], ...]:
    """For the compiled loops."""
    return tuple(tuple(group) for group in candidates)


def to_arrays(candidates: Candidates) -> dict[str, np.ndarray]:
    """By name, such as `top.values`: the arrays themselves, not copies."""
    return {
        f"{part}.{name}": array
        for part, group in candidates._asdict().items()
        for name, array in group._asdict().items()
    }
