"""Texts of one file: JSON lines, JSON, Parquet, plain text."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from microtome.data.field import no_field, text_of
from microtome.errors import MicrotomeError

Reader = Callable[[Path, str], Iterator[str]]
"""Takes a file and the name of the field that holds the text."""


def reader_of(path: Path) -> Reader | None:
    """The reader for a file's ending; None where there is none."""
    name = path.name.removesuffix(".gz")
    for ending, reader in _READERS.items():
        if name.endswith(ending) and (ending != ".parquet" or name == path.name):
            return reader
    return None


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines of a text file, compressed or not, without their ends."""
    number = 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, 1):
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                yield number, text.rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise MicrotomeError(
            f"{path} line {number} is not UTF-8 ({error.reason}); convert the file to UTF-8"
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise MicrotomeError(f"cannot read {path} after line {number}: {reason}") from error


def _json_lines(path: Path, field: str) -> Iterator[str]:
    for number, line in _lines(path):
        if line.strip():
            yield _record(_parse(line, path, number, field), field, f"{path} line {number}")


def _json(path: Path, field: str) -> Iterator[str]:
    """A list of objects or texts; or, as many files of that ending are, JSON lines."""
    first = next((line for _, line in _lines(path) if line.strip()), "")
    if not first.lstrip().startswith("["):
        yield from _json_lines(path, field)
        return
    whole = "\n".join(line for _, line in _lines(path))
    for number, record in enumerate(_parse(whole, path, 1, field)):
        where = f"{path} record {number}"
        if isinstance(record, str):
            yield text_of(record, field, where)
        else:
            yield _record(record, field, where)


def _parse(text: str, path: Path, number: int, field: str):
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        line = number + getattr(error, "lineno", 1) - 1
        raise MicrotomeError(
            f'{path} line {line} is not a JSON object with a "{field}" field'
        ) from error


def _record(record: object, field: str, where: str) -> str:
    if not isinstance(record, dict):
        raise MicrotomeError(f'{where} is not a JSON object with a "{field}" field')
    if field not in record:
        raise no_field(field, record, where)
    return text_of(record[field], field, where)


def _paragraphs(path: Path, field: str) -> Iterator[str]:
    """Documents separated by blank lines."""
    document: list[str] = []
    for _, line in _lines(path):
        if line.strip():
            document.append(line)
        elif document:
            yield "\n".join(document)
            document = []
    if document:
        yield "\n".join(document)


def _parquet(path: Path, field: str) -> Iterator[str]:
    import pyarrow
    from pyarrow import parquet

    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            known = file.schema_arrow.names
            if field not in known:
                raise no_field(field, known, str(path))
            for batch in file.iter_batches(1024, columns=[field]):
                for value in batch.column(0).to_pylist():
                    yield text_of(value, field, f"{path} row {number}")
                    number += 1
    except UnicodeDecodeError as error:
        raise MicrotomeError(f"{path}: a text after row {number} is not UTF-8") from error
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise MicrotomeError(
            f"cannot read {path} after row {number}: {reason}; fetch or make it again"
        ) from error


_READERS: dict[str, Reader] = {
    ".jsonl": _json_lines,
    ".json": _json,
    ".txt": _paragraphs,
    ".parquet": _parquet,
}
ENDINGS = (*_READERS, *(f"{ending}.gz" for ending in (".jsonl", ".json", ".txt")))
"""Endings of the files that can be read."""
