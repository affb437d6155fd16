"""From what was collected to the columns of features.parquet and examples.parquet."""

import numpy as np
import pyarrow as pa
from jaxtyping import Float, Int

from microtome.atlas.candidates import POSITION_EDGES, Examples, Sample, Totals
from microtome.atlas.candidates_loops import BINS, FIRST_BIN
from microtome.atlas.collect import Collected
from microtome.atlas.options import BuildOptions
from microtome.atlas.schema import EXAMPLE_COLUMNS, QUANTILES

_EDGES = (np.arange(FIRST_BIN, FIRST_BIN + BINS + 1, dtype=np.int32) << 21).view(np.float32)
"""Of the bins of the histogram."""


def position_edges(longest: int) -> list[int]:
    """First position of every bucket that rows of this length reach."""
    return [edge for edge in POSITION_EDGES if edge < max(longest, 1)]


def feature_columns(
    collected: Collected, features: range, longest: int, listed: int
) -> dict[str, pa.Array]:
    """The columns of some features that follow from their activations alone."""
    totals, sample = collected.candidates.totals, collected.candidates.sample
    part = slice(features.start, features.stop)
    count = totals.active[part]
    mean = totals.total[part] / np.maximum(count, 1)
    density = count / max(collected.tokens, 1)
    lists: dict[str, list] = {name: [] for name in ("quantiles", "positions")}
    lists |= {name: [] for name in ("histogram_edges", "histogram")}
    lists |= {name: [] for name in ("active_tokens", "active_shares", "active_rates")}
    lists |= {name: [] for name in ("before_tokens", "before_shares")}
    buckets = len(position_edges(longest))
    for feature in features:
        values = sample.value[feature, : sample.filled[feature]]
        lists["quantiles"].append(np.quantile(values, QUANTILES) if len(values) else [])
        shares = totals.positions[feature, :buckets] / max(int(totals.active[feature]), 1)
        lists["positions"].append(shares)
        edges, counts = histogram(totals, feature)
        lists["histogram_edges"].append(edges)
        lists["histogram"].append(counts)
        tokens, shares = _most_frequent(sample.token, sample, feature, listed)
        occurrences = np.maximum(collected.vocabulary[tokens], 1)
        rates = np.minimum(shares * totals.active[feature] / occurrences, 1)
        for name, column in (("tokens", tokens), ("shares", shares), ("rates", rates)):
            lists[f"active_{name}"].append(column)
        tokens, shares = _most_frequent(sample.previous, sample, feature, listed)
        lists["before_tokens"].append(tokens)
        lists["before_shares"].append(shares)
    return {
        "count": pa.array(count),
        "density": pa.array(density.astype(np.float32)),
        "maximum": pa.array(totals.maximum[part]),
        "mean": pa.array(mean.astype(np.float32)),
    } | {name: list_column(rows, name) for name, rows in lists.items()}


def histogram(
    totals: Totals, feature: int
) -> tuple[Float[np.ndarray, " edges"], Int[np.ndarray, " bins"]]:
    """Edges and counts from the first bin that has any to the last; none where it never fired."""
    filled = np.flatnonzero(totals.histogram[feature])
    if not len(filled):
        return np.zeros(0, np.float32), np.zeros(0, np.int64)
    first, last = filled[0], filled[-1] + 1
    return _EDGES[first : last + 1], totals.histogram[feature, first:last]


def _most_frequent(
    column: Int[np.ndarray, "features kept"], sample: Sample, feature: int, k: int
) -> tuple[Int[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """The tokens that a sample has most often, and their shares of it; ties by token."""
    held = column[feature, : sample.filled[feature]]
    tokens, counts = np.unique(held, return_counts=True)
    counts, tokens = counts[tokens >= 0], tokens[tokens >= 0]
    order = np.argsort(-counts, kind="stable")[:k]
    return tokens[order], counts[order] / max(len(held), 1)


def list_column(rows: list, name: str) -> pa.Array:
    """A column of lists from a list of arrays."""
    integers = name.endswith(("tokens", "neighbours"))
    dtype = np.int32 if integers else np.int64 if name == "histogram" else np.float32
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int32)
    flat = np.concatenate([np.asarray(row, dtype) for row in rows]) if rows else np.zeros(0, dtype)
    return pa.ListArray.from_arrays(offsets, flat)


def example_table(collected: Collected, features: range, options: BuildOptions) -> pa.Table:
    """The examples of some features, in order of feature, band and rank."""
    top, banded = collected.candidates.top, collected.candidates.banded
    rows: dict[str, list] = {name: [] for name in EXAMPLE_COLUMNS.names}
    for feature in features:
        order = np.lexsort((top.place[feature], -top.value[feature]))
        kept = [int(i) for i in order if i < top.filled[feature]]
        _append(rows, top, feature, 0, kept)
        shown = {_text(top, feature, i) for i in kept}
        for band, slots in enumerate(_bands(collected, feature, options, shown), 1):
            _append(rows, banded, feature, band, slots)
    columns = [
        list_column(rows[name], name) if pa.types.is_list(kind) else pa.array(rows[name], kind)
        for name, kind in zip(EXAMPLE_COLUMNS.names, EXAMPLE_COLUMNS.types, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=EXAMPLE_COLUMNS)


def band_edges(values: Float[np.ndarray, " n"], bands: int) -> Float[np.ndarray, " bands_plus_one"]:
    """Rising limits of bands that hold equal shares of activations."""
    return np.quantile(values, np.linspace(0, 1, bands + 1))


def _bands(
    collected: Collected, feature: int, options: BuildOptions, shown: set[bytes]
) -> list[list[int]]:
    """Slots of a feature's sample for every band, highest band first, largest first within."""
    sample, banded = collected.candidates.sample, collected.candidates.banded
    found: list[list[int]] = [[] for _ in range(options.bands)]
    n = int(banded.filled[feature])
    if not n:
        return found
    values = sample.value[feature, : sample.filled[feature]]
    edges = band_edges(values, options.bands)
    # in order of hash, so that which are shown is a matter of chance alone
    for slot in np.argsort(banded.key[feature, :n]).tolist():
        text = _text(banded, feature, slot)
        rising = int(np.searchsorted(edges[1:-1], banded.value[feature, slot], side="right"))
        band = found[options.bands - 1 - rising]
        if len(band) < options.per_band and text not in shown:
            shown.add(text)
            band.append(slot)
    for band in found:
        band.sort(key=lambda slot: -float(banded.value[feature, slot]))
    return found


def _text(examples: Examples, feature: int, slot: int) -> bytes:
    n = examples.length[feature, slot]
    peak = int(examples.peak[feature, slot]).to_bytes(2, "little")
    return examples.tokens[feature, slot, :n].tobytes() + peak


def _append(
    rows: dict[str, list], examples: Examples, feature: int, band: int, slots: list[int]
) -> None:
    for rank, slot in enumerate(slots):
        n = examples.length[feature, slot]
        rows["id"].append(feature)
        rows["band"].append(band)
        rows["rank"].append(rank)
        rows["document"].append(examples.document[feature, slot])
        rows["position"].append(examples.position[feature, slot])
        rows["activation"].append(examples.value[feature, slot])
        rows["peak"].append(examples.peak[feature, slot])
        rows["tokens"].append(examples.tokens[feature, slot, :n])
        rows["values"].append(examples.values[feature, slot, :n])
