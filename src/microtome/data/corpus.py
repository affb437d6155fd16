"""Corpora: texts of a file, a folder, a dataset of the hub, or an iterable."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from microtome.artifact import fingerprint_file
from microtome.data.dataset import DATASET_FILES, hub_texts, saved_texts
from microtome.data.readers import ENDINGS, Reader, reader_of
from microtome.errors import MicrotomeError

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+(:[\w.-]+)?")


def read_texts(
    source: str | Path | Iterable[str], field: str = "text", split: str = "train"
) -> Iterator[str]:
    """Texts of a corpus, one per document, empty ones left out.

    Args:
        source: a file (`.jsonl`, `.json`, `.parquet`; `.txt` with documents separated by blank
            lines; `.jsonl.gz` and the like), a folder of such files (read in order of their
            names), a folder written by `datasets.Dataset.save_to_disk`, a name on the Hugging
            Face hub ("owner/name" or "owner/name:configuration", streamed), or an iterable of
            texts.
        field: the field or column that holds the text.
        split: of a dataset that has several.

    Raises:
        MicrotomeError: no such source, an ending that is not read, no such field or split, a
            text that is missing or not text, a damaged file, or no text at all.
    """
    if not isinstance(source, (str, Path)):
        return _some(_strings(source), "the corpus")
    if source == "":
        raise MicrotomeError("the corpus has no name; give a file, a folder, or a hub dataset")
    path = Path(source)
    if path.is_dir():
        return _some(_folder(path, field, split), f"corpus {path}")
    if path.exists():
        return _some(_reader(path)(path, field), f"corpus {path}")
    if isinstance(source, str) and _is_hub_name(source):
        return _some(hub_texts(source, field, split), f"dataset {source}")
    raise MicrotomeError(
        f"corpus {source} does not exist; give a file, a folder, or a hub name like owner/name"
    )


def fingerprint_corpus(source: str | Path) -> str:
    """Identity of a corpus: of its files' content; of a dataset on the hub, its name.

    Raises:
        MicrotomeError: no such file or folder.
    """
    path = Path(source)
    if path.is_file():
        return fingerprint_file(path)
    if path.is_dir():
        digest = hashlib.sha256()
        for file in _files(path):
            digest.update(f"{file.relative_to(path)} {fingerprint_file(file)}\n".encode())
        return digest.hexdigest()[:16]
    if isinstance(source, str) and _is_hub_name(source):
        return f"hub:{source}"
    raise MicrotomeError(f"corpus {source} does not exist")


def _is_hub_name(source: str) -> bool:
    return bool(_HUB_NAME.fullmatch(source)) and not source.endswith(ENDINGS)


def _some(texts: Iterator[str], name: str) -> Iterator[str]:
    """The texts that are not empty, refused where there is none."""
    empty = True
    for text in texts:
        if text.strip():
            empty = False
            yield text
    if empty:
        raise MicrotomeError(f"{name} has no text")


def _strings(texts: Iterable[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise MicrotomeError(
                f"document {number} of the corpus is a {type(text).__name__}, expected a text"
            )
        yield text


def _folder(path: Path, field: str, split: str) -> Iterator[str]:
    if any((path / name).is_file() for name in DATASET_FILES):
        return saved_texts(path, field, split)
    files = [file for file in _files(path) if file.name.endswith(ENDINGS)]
    if not files:
        raise MicrotomeError(
            f"corpus folder {path} is no saved dataset and has no file ending in "
            f"{', '.join(ENDINGS)}"
        )
    return (text for file in files for text in _reader(file)(file, field))


def _files(folder: Path) -> list[Path]:
    """Files at any depth, in order of their names; hidden ones are other tools' notes."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(p for p in found if not re.search(r"(^|/)\.", p.relative_to(folder).as_posix()))


def _reader(path: Path) -> Reader:
    reader = reader_of(path)
    if reader is None:
        ending = "".join(path.suffixes) or "no ending"
        raise MicrotomeError(
            f"corpus {path} has the ending {ending!r}; expected one of {', '.join(ENDINGS)}"
        )
    return reader
