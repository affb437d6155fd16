"""The Parquet files of an atlas."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from microtome.atlas.collect import Collected
from microtome.atlas.directions import Arrays, rows_of
from microtome.atlas.options import BuildOptions
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
    WINDOWS,
    AtlasContent,
)
from microtome.atlas.statistics import example_table, feature_columns, list_column
from microtome.atlas.windows import window_table


def write_tables(path: Path, schema: pa.Schema, tables: Iterator[pa.Table], group: int) -> None:
    """Write tables, one after another, as one file that is sorted as they come."""
    with pq.ParquetWriter(path, schema, compression="zstd", write_statistics=True) as writer:
        for table in tables:
            writer.write_table(table, row_group_size=group)


def identity_columns(content: AtlasContent) -> dict[str, np.ndarray]:
    """Of every feature: id, encoder, its number there, and layer."""
    encoder = np.repeat(
        np.arange(len(content.encoders), dtype=np.int16), [e.features for e in content.encoders]
    )
    first = np.array([e.first_id for e in content.encoders], np.int32)
    layer = np.array([e.layer for e in content.encoders], np.int16)
    ids = np.arange(len(encoder), dtype=np.int32)
    return {
        "id": ids,
        "encoder": encoder,
        "feature": ids - first[encoder],
        "layer": layer[encoder],
    }


def write_features(
    folder: Path,
    content: AtlasContent,
    collected: Collected,
    longest: int,
    arrays: Arrays,
    options: BuildOptions,
    report: Callable[[str, int, int], object],
) -> None:
    """Write features.parquet and examples.parquet side by side."""
    identity, total = identity_columns(content), collected.n_features
    chunks = [
        range(start, min(start + FEATURE_ROW_GROUP, total))
        for start in range(0, total, FEATURE_ROW_GROUP)
    ]

    def features() -> Iterator[pa.Table]:
        for part in chunks:
            at = slice(part.start, part.stop)
            columns = {name: pa.array(array[at]) for name, array in identity.items()}
            columns |= feature_columns(collected, part, longest, options.listed)
            columns |= {name: list_column(rows, name) for name, rows in rows_of(arrays, part)}
            columns |= {
                name: pa.array(array[at])
                for name, array in arrays.items()
                if name.startswith("label")
            }
            yield pa.table(
                [columns[name].cast(kind) for name, kind in _columns(FEATURE_COLUMNS)],
                schema=FEATURE_COLUMNS,
            )

    def examples() -> Iterator[pa.Table]:
        for part in chunks:
            report("writing", part.stop, total)
            yield example_table(collected, part, options)

    write_tables(folder / FEATURES, FEATURE_COLUMNS, features(), FEATURE_ROW_GROUP)
    write_tables(folder / EXAMPLES, EXAMPLE_COLUMNS, examples(), EXAMPLE_ROW_GROUP)


def _columns(schema: pa.Schema) -> Iterator[tuple[str, pa.DataType]]:
    return zip(schema.names, schema.types, strict=True)


def write_map(
    folder: Path,
    content: AtlasContent,
    density: np.ndarray,
    arrays: Arrays,
    names: dict[int, str],
) -> None:
    """Write map.parquet (the features that have a place) and clusters.parquet."""
    xy, cluster = arrays["xy"], arrays["cluster"]
    placed = np.isfinite(xy).all(1)
    columns = identity_columns(content) | {
        "density": density.astype(np.float32),
        "x": xy[:, 0],
        "y": xy[:, 1],
        "cluster": cluster.astype(np.int32),
        "label": arrays["label"],
    }
    table = pa.table(
        [pa.array(columns[name][placed], kind) for name, kind in _columns(MAP_COLUMNS)],
        schema=MAP_COLUMNS,
    )
    write_tables(folder / MAP, MAP_COLUMNS, iter([table]), 2**16)
    numbers = sorted(set(cluster[placed & (cluster >= 0)].tolist()))
    members = [placed & (cluster == number) for number in numbers]
    clusters = pa.table(
        {
            "cluster": numbers,
            "size": [int(member.sum()) for member in members],
            "x": [float(xy[member, 0].mean()) for member in members],
            "y": [float(xy[member, 1].mean()) for member in members],
            "label": [names.get(number, "") for number in numbers],
        },
        schema=CLUSTER_COLUMNS,
    )
    pq.write_table(clusters, folder / CLUSTERS, compression="zstd")


def write_vocabulary(folder: Path, strings: Sequence[str], counts: np.ndarray) -> None:
    table = pa.table(
        {"token": np.arange(len(strings)), "text": list(strings), "count": counts},
        schema=VOCABULARY_COLUMNS,
    )
    pq.write_table(table, folder / VOCABULARY, compression="zstd", row_group_size=2**14)


def write_windows(folder: Path, collected: Collected, width: int) -> None:
    """Write windows.parquet: text that was drawn without regard to any feature."""
    table = window_table(collected.rows.by_feature(collected.n_features), width)
    pq.write_table(table, folder / WINDOWS, compression="zstd")
