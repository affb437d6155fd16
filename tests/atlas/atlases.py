"""Atlases of made-up features, of any size, in the columns that a build writes."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from microtome.artifact import SCHEMA_VERSIONS, Manifest, new_artifact
from microtome.atlas.schema import (
    CLUSTER_COLUMNS,
    CLUSTERS,
    EXAMPLE_COLUMNS,
    EXAMPLE_ROW_GROUP,
    EXAMPLES,
    FEATURE_COLUMNS,
    FEATURE_ROW_GROUP,
    FEATURES,
    MAP,
    MAP_COLUMNS,
    VOCABULARY,
    VOCABULARY_COLUMNS,
    AtlasContent,
    EncoderContent,
)

WORDS = ["<s>", " the", " dog", " Dog", "dog", " sum", " ends", " in", "5", "\n", "."]
STRINGS = WORDS + [f" w{i}" for i in range(289)]


def content(encoders: int, features: int, same_layer: bool = False) -> AtlasContent:
    layers = [0 if same_layer else i + 2 for i in range(encoders)]
    return AtlasContent(
        model="tiny",
        dictionary="tiny dictionary",
        dictionary_kind="plt",
        encoders=[
            EncoderContent(
                reads=[f"blocks.{layer}.mlp.in"],
                layer=layer,
                features=features,
                first_id=i * features,
            )
            for i, layer in enumerate(layers)
        ],
        tokens=1_000_000,
        documents=1000,
        context=128,
        window=(3, 2),
        bands=2,
        position_edges=[0, 1, 8],
    )


def lists(rng: np.random.Generator, n: int, k: int, high: int | None = None) -> pa.Array:
    """n lists of k: whole numbers below `high`, or falling numbers from 0 to 1."""
    if high is not None:
        flat = rng.integers(0, high, n * k).astype(np.int32)
    else:
        flat = np.sort(rng.random((n, k)), axis=1)[:, ::-1].ravel().astype(np.float32)
    return pa.ListArray.from_arrays(np.arange(n + 1, dtype=np.int32) * k, pa.array(flat))


def feature_table(what: AtlasContent, start: int, stop: int, seed: int = 0) -> pa.Table:
    rng, n = np.random.default_rng([seed, start]), stop - start
    ids = np.arange(start, stop)
    each, total = what.encoders[0].features, sum(e.features for e in what.encoders)
    layers = np.array([e.layer for e in what.encoders])
    density = np.where(ids % 10 == 9, 0, rng.random(n) * 0.1).astype(np.float32)
    known = np.where(ids % 3 == 0, [f"sum ends in {i % 10}" for i in ids], "")
    label = np.where(ids % 3 == 1, [f"“{STRINGS[i % len(STRINGS)]}” {i}" for i in ids], known)
    score = np.where(label == "", np.nan, rng.random(n)).astype(np.float32)
    edges = pa.array([[0.5, 1.0, 2.0, 4.0]] * n, pa.list_(pa.float32()))
    columns = {
        "id": ids, "encoder": ids // each, "feature": ids % each, "layer": layers[ids // each],
        "count": (density * 1e6).astype(np.int64), "density": density,
        "maximum": np.where(density > 0, 4.0, 0.0), "mean": np.where(density > 0, 1.0, 0.0),
        "quantiles": pa.array([[0.5, 0.9, 1.4, 2.0, 3.5]] * n), "histogram_edges": edges,
        "histogram": pa.array([[5, 100, 20]] * n), "positions": pa.array([[0.0, 0.4, 0.6]] * n),
        "label": label,
        "label_source": np.where(ids % 3 == 0, "concept", np.where(ids % 3 == 1, "automatic", "")),
        "label_score": score, "label_precision": score, "label_recall": score,
    }  # fmt: skip
    for name in ("top_tokens", "bottom_tokens", "active_tokens", "before_tokens"):
        columns[name] = lists(rng, n, 10, len(STRINGS))
    for name in ("top_logits", "bottom_logits", "active_shares", "active_rates", "before_shares"):
        columns[name] = lists(rng, n, 10)
    for name in ("decoder", "encoder", "coactive"):
        columns[f"{name}_neighbours"] = lists(rng, n, 10, total)
        columns["coactive_scores" if name == "coactive" else f"{name}_cosines"] = lists(rng, n, 10)
    cast = [pa.array(columns[f.name]).cast(f.type) for f in FEATURE_COLUMNS]
    return pa.table(cast, schema=FEATURE_COLUMNS)


def example_table(start: int, stop: int, each: int = 4, width: int = 6, seed: int = 0) -> pa.Table:
    """`each` windows a feature in bands 0, 1 and 2; features that never fire (9, 19, ...) none."""
    rng = np.random.default_rng([seed, start, 1])
    ids = np.repeat([i for i in range(start, stop) if i % 10 != 9], each)
    n = len(ids)
    rank = np.tile(np.arange(each), n // each)
    band = np.minimum(rank * 3 // each, 2)
    columns = {
        "id": ids, "band": band, "rank": rank - np.searchsorted(np.arange(each) * 3 // each, band),
        "document": rng.integers(0, 1000, n), "position": np.full(n, 4),
        "activation": (4.0 - band - 0.1 * rank), "peak": np.full(n, 3),
        "tokens": lists(rng, n, width, len(STRINGS)), "values": lists(rng, n, width),
    }  # fmt: skip
    cast = [pa.array(columns[f.name]).cast(f.type) for f in EXAMPLE_COLUMNS]
    return pa.table(cast, schema=EXAMPLE_COLUMNS)


def write_atlas(
    path: Path, encoders: int = 2, features: int = 40, same_layer: bool = False, examples: int = 4,
    width: int = 6, dictionary: str = "abc",
) -> AtlasContent:  # fmt: skip
    what = content(encoders, features, same_layer)
    total = encoders * features
    manifest = Manifest(
        kind="atlas",
        schema_version=SCHEMA_VERSIONS["atlas"],
        content=what.model_dump(),
        inputs={"dictionary": dictionary, "model": "def"},
    )
    chunks = [(a, min(a + 16384, total)) for a in range(0, total, 16384)]
    with new_artifact(path, manifest) as folder:
        with pq.ParquetWriter(folder / FEATURES, FEATURE_COLUMNS, compression="zstd") as writer:
            for a, b in chunks:
                writer.write_table(feature_table(what, a, b), FEATURE_ROW_GROUP)
        with pq.ParquetWriter(folder / EXAMPLES, EXAMPLE_COLUMNS, compression="zstd") as writer:
            for a, b in chunks:
                writer.write_table(example_table(a, b, examples, width), EXAMPLE_ROW_GROUP)
        _write_map(folder, what, total)
    return what


def _write_map(folder: Path, what: AtlasContent, total: int) -> None:
    ids = np.array([i for i in range(total) if i % 7])  # every seventh has no place
    each = what.encoders[0].features
    layers = np.array([e.layer for e in what.encoders])
    columns = {
        "id": ids, "encoder": ids // each, "feature": ids % each, "layer": layers[ids // each],
        "density": np.zeros(len(ids)), "x": ids / total, "y": -ids / total,
        "cluster": ids % 3 - 1, "label": [""] * len(ids),
    }  # fmt: skip
    cast = [pa.array(columns[f.name]).cast(f.type) for f in MAP_COLUMNS]
    pq.write_table(pa.table(cast, schema=MAP_COLUMNS), folder / MAP)
    clusters = {
        "cluster": [0, 1], "size": [1, 1], "x": [0.0, 0.0], "y": [0.0, 0.0],
        "label": ["first cluster", "second cluster"],
    }  # fmt: skip
    pq.write_table(pa.table(clusters, schema=CLUSTER_COLUMNS), folder / CLUSTERS)
    words = {"token": range(len(STRINGS)), "text": STRINGS, "count": [1] * len(STRINGS)}
    table = pa.table({k: list(v) for k, v in words.items()}, schema=VOCABULARY_COLUMNS)
    pq.write_table(table, folder / VOCABULARY)
