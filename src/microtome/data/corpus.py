"""Corpora: texts from a file or an iterable."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from microtome.errors import MicrotomeError


def read_texts(path: Path) -> Iterator[str]:
    """Texts of a corpus file: `.jsonl` with a "text" field a line, or `.txt` with documents
    separated by blank lines.

    Raises:
        MicrotomeError: no such file, another ending, a line that is not such JSON, or no text.
    """
    if not path.is_file():
        raise MicrotomeError(f"corpus {path} does not exist")
    readers = {".jsonl": _json_lines, ".txt": _paragraphs}
    if path.suffix not in readers:
        raise MicrotomeError(f"corpus {path} has the ending {path.suffix!r}; expected .jsonl, .txt")
    empty = True
    for text in readers[path.suffix](path):
        if text.strip():
            empty = False
            yield text
    if empty:
        raise MicrotomeError(f"corpus {path} has no text")


def _json_lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                yield str(json.loads(line)["text"])
            except (ValueError, KeyError, TypeError) as error:
                raise MicrotomeError(
                    f'{path} line {number} is not a JSON object with a "text" field'
                ) from error


def _paragraphs(path: Path) -> Iterator[str]:
    return iter(path.read_text(encoding="utf-8").split("\n\n"))


def split_documents(texts: Iterable[str], every: int = 20) -> tuple[list[str], list[str]]:
    """Training and held-out texts: every 20th document is held out."""
    train, held_out = [], []
    for i, text in enumerate(texts):
        (held_out if i % every == every - 1 else train).append(text)
    return train, held_out
