"""An atlas of made-up features, as large as wanted, in the files that a build writes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from microtome.artifact import SCHEMA_VERSIONS, Manifest, new_artifact
from microtome.atlas.schema import (
    EXAMPLE_COLUMNS,
    EXAMPLE_ROW_GROUP,
    EXAMPLES,
    FEATURE_COLUMNS,
    FEATURE_ROW_GROUP,
    FEATURES,
    AtlasContent,
    EncoderContent,
)
from microtome.atlas.write import identity_columns, write_map, write_tables, write_vocabulary

VOCABULARY, LISTED, BINS, BUCKETS, WIDTH, TOP, BANDS = 50_000, 10, 30, 9, 24, 20, 5
FEATURES_A_LAYER = 2**15


def content_of(features: int) -> AtlasContent:
    sizes = [FEATURES_A_LAYER] * (features // FEATURES_A_LAYER)
    sizes += [features % FEATURES_A_LAYER] if features % FEATURES_A_LAYER else []
    encoders = [
        EncoderContent(
            reads=[f"blocks.{i}.mlp.in"], layer=i, features=n, first_id=i * FEATURES_A_LAYER
        )
        for i, n in enumerate(sizes)
    ]
    return AtlasContent(
        model="synthetic",
        dictionary="synthetic",
        dictionary_kind="clt",
        encoders=encoders,
        tokens=10**9,
        documents=10**6,
        context=256,
        window=(15, 8),
        bands=BANDS,
        position_edges=[0, *(2**i for i in range(BUCKETS - 1))],
    )


def write_synthetic(folder: Path, features: int, per_band: int = 5) -> int:
    """Write the atlas, a row group at a time; returns how many examples it has."""
    rng, content = np.random.default_rng(0), content_of(features)
    identity = identity_columns(content)
    examples = TOP + BANDS * per_band
    chunks = [
        range(start, min(start + FEATURE_ROW_GROUP, features))
        for start in range(0, features, FEATURE_ROW_GROUP)
    ]
    strings = [f" word{i}" for i in range(VOCABULARY)]
    labels = np.array([strings[i] for i in _tokens(rng, features)])
    manifest = Manifest(
        kind="atlas",
        schema_version=SCHEMA_VERSIONS["atlas"],
        content=content.model_dump(mode="json"),
    )
    with new_artifact(folder, manifest) as inside:
        tables = (_features(rng, identity, labels, part) for part in chunks)
        write_tables(inside / FEATURES, FEATURE_COLUMNS, tables, FEATURE_ROW_GROUP)
        made: Iterator[pa.Table] = (_examples(rng, part, per_band) for part in chunks)
        write_tables(inside / EXAMPLES, EXAMPLE_COLUMNS, made, EXAMPLE_ROW_GROUP)
        cluster = rng.integers(-1, 200, features)
        arrays = {"xy": rng.normal(size=(features, 2)), "cluster": cluster, "label": labels}
        write_map(inside, content, rng.random(features), arrays, {})
        write_vocabulary(inside, strings, rng.integers(0, 10**6, VOCABULARY))
    return features * examples


def _tokens(rng: np.random.Generator, n: int) -> np.ndarray:
    """Tokens that follow Zipf's law."""
    return np.minimum(rng.zipf(1.2, n), VOCABULARY - 1).astype(np.int32)


def _lists(flat: np.ndarray, length: int) -> pa.Array:
    offsets = np.arange(0, len(flat) + 1, length, dtype=np.int32)
    return pa.ListArray.from_arrays(offsets, pa.array(flat))


_LENGTHS = {"quantiles": 5, "histogram_edges": BINS + 1, "histogram": BINS, "positions": BUCKETS}


def _features(
    rng: np.random.Generator, identity: dict[str, np.ndarray], labels: np.ndarray, part: range
) -> pa.Table:
    at, n = slice(part.start, part.stop), len(part)
    columns: dict[str, pa.Array] = {name: pa.array(a[at]) for name, a in identity.items()}
    columns["label"] = pa.array(labels[at])
    columns["label_source"] = pa.array(["automatic"] * n)
    for name, kind in zip(FEATURE_COLUMNS.names, FEATURE_COLUMNS.types, strict=True):
        if name in columns:
            continue
        if not pa.types.is_list(kind):
            columns[name] = pa.array(rng.random(n) * (1e6 if name == "count" else 1)).cast(
                kind, safe=False
            )
            continue
        length = _LENGTHS.get(name, LISTED)
        if name.endswith("tokens"):
            flat = _tokens(rng, n * length)
        elif name.endswith("neighbours"):
            flat = rng.integers(0, len(labels), n * length).astype(np.int32)
        elif name == "histogram":
            flat = rng.integers(0, 10**5, n * length)
        else:
            flat = np.sort(rng.random((n, length), dtype=np.float32), 1).ravel()
        columns[name] = _lists(flat, length)
    ordered = [columns[name] for name in FEATURE_COLUMNS.names]
    return pa.table(ordered, schema=FEATURE_COLUMNS)


def _examples(rng: np.random.Generator, part: range, per_band: int) -> pa.Table:
    each = TOP + BANDS * per_band
    n = len(part) * each
    band = np.concatenate([np.zeros(TOP, np.int8), np.repeat(np.arange(1, BANDS + 1), per_band)])
    rank = np.concatenate([np.arange(TOP), np.tile(np.arange(per_band), BANDS)])
    values = rng.random((n, WIDTH), dtype=np.float32)
    values[rng.random((n, WIDTH)) > 0.1] = 0  # a feature is active on few tokens of a window
    activation = rng.random(n, dtype=np.float32) + 1
    values[:, 15] = activation
    columns = {
        "id": np.repeat(np.arange(part.start, part.stop, dtype=np.int32), each),
        "band": np.tile(band, len(part)).astype(np.int8),
        "rank": np.tile(rank, len(part)).astype(np.int16),
        "document": rng.integers(0, 10**6, n),
        "position": rng.integers(0, 256, n).astype(np.int32),
        "activation": activation,
        "peak": np.full(n, 15, np.int16),
        "tokens": _lists(_tokens(rng, n * WIDTH), WIDTH),
        "values": _lists(values.ravel(), WIDTH),
    }
    return pa.table([columns[name] for name in EXAMPLE_COLUMNS.names], schema=EXAMPLE_COLUMNS)
