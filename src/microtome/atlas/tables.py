"""Reading the Parquet files of an atlas: single features by row group, columns as a whole."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from microtome.atlas.words import pattern
from microtome.errors import MicrotomeError


def damaged(path: Path, error: Exception) -> MicrotomeError:
    if isinstance(error, PermissionError):
        return MicrotomeError(f"{path} cannot be read: {error.strerror or error}")
    reason = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else "unreadable"
    return MicrotomeError(f"{path} is damaged ({reason}); build the atlas again")


def check_name(path: Path) -> None:
    """Refuse a path that the libraries for Parquet files cannot open.

    Raises:
        MicrotomeError: its name is not text.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise MicrotomeError(
            f"{path} cannot hold an atlas: its name is not UTF-8; choose another"
        ) from None


class SortedTable:
    """A Parquet file sorted by `id`, from which the rows of one id are read.

    The footer is parsed once, and every thread has a file of its own: readers share nothing that
    changes. A page costs the row groups that hold the id, mostly one.
    """

    def __init__(self, path: Path, schema: pa.Schema):
        self.path = path
        self._threads = threading.local()
        try:
            self._metadata = pq.read_metadata(path)
            found = self._metadata.schema.to_arrow_schema()
        except (OSError, pa.ArrowException) as error:
            raise damaged(path, error) from error
        missing = [name for name in schema.names if name not in found.names]
        if missing:
            raise MicrotomeError(f"{path} has no column {missing[0]!r}; build the atlas again")
        self._first, self._last = self._limits(found.names.index("id"))

    def __len__(self) -> int:
        return self._metadata.num_rows

    def _limits(self, column: int) -> tuple[np.ndarray, np.ndarray]:
        """Smallest and largest id of every row group, which has to rise."""
        groups = range(self._metadata.num_row_groups if len(self) else 0)
        found = [self._metadata.row_group(i).column(column).statistics for i in groups]
        if any(s is None or not s.has_min_max for s in found):
            raise MicrotomeError(f"{self.path} has no statistics of ids; build the atlas again")
        first = np.array([s.min for s in found], dtype=np.int64)
        last = np.array([s.max for s in found], dtype=np.int64)
        if (first[1:] < last[:-1]).any():
            raise MicrotomeError(f"{self.path} is not sorted by id; build the atlas again")
        return first, last

    def rows(self, number: int) -> list[dict[str, Any]]:
        """The rows of one id, in the order of the file.

        Raises:
            MicrotomeError: the file is damaged.
        """
        groups = np.flatnonzero((self._first <= number) & (self._last >= number)).tolist()
        if not groups:
            return []
        try:
            table = self._file().read_row_groups(groups, use_threads=False)
        except (OSError, pa.ArrowException) as error:
            raise damaged(self.path, error) from error
        ids = table["id"].to_numpy()
        start, stop = np.searchsorted(ids, [number, number + 1])
        return table.slice(start, stop - start).to_pylist()

    def columns(self, names: list[str]) -> pa.Table:
        """Some columns of the whole file."""
        try:
            return self._file().read(columns=names)
        except (OSError, pa.ArrowException) as error:
            raise damaged(self.path, error) from error

    def _file(self) -> pq.ParquetFile:
        found = getattr(self._threads, "file", None)
        if found is None:
            try:
                found = pq.ParquetFile(self.path, metadata=self._metadata)
            except (OSError, pa.ArrowException) as error:
                raise damaged(self.path, error) from error
            self._threads.file = found
        return found


def whole_table(path: Path, schema: pa.Schema) -> pa.Table:
    """A small Parquet file, all of it.

    Raises:
        MicrotomeError: damaged, or without a column that it should have.
    """
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise damaged(path, error) from error
    for name in schema.names:
        if name not in table.column_names:
            raise MicrotomeError(f"{path} has no column {name!r}; build the atlas again")
    return table.select(schema.names)


def contains(texts: pa.Array | pa.ChunkedArray, words: list[str]) -> np.ndarray:
    """Which texts have all the words in them, in capitals or not, or inflections of them."""
    found = np.ones(len(texts), dtype=bool)
    for word in words:
        match = pc.match_substring_regex(texts, pattern(word), ignore_case=True)  # pyright: ignore[reportAttributeAccessIssue]
        found &= match.to_numpy(zero_copy_only=False).astype(bool)
    return found
