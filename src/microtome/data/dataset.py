"""Texts of Hugging Face datasets, saved in a folder or streamed from the hub."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from microtome.data.field import no_field, text_of
from microtome.errors import MicrotomeError
from microtome.model.load import first_line

DATASET_FILES = ("state.json", "dataset_dict.json")
"""One of them stands in every folder that `datasets` has saved."""


def saved_texts(path: Path, field: str, split: str) -> Iterator[str]:
    """Texts of a folder written by `save_to_disk` of a Dataset or a DatasetDict.

    Raises:
        MicrotomeError: damaged, or without that split or field.
    """
    import datasets

    try:
        dataset: Any = datasets.load_from_disk(str(path))
    except Exception as error:  # datasets and pyarrow raise many kinds
        raise MicrotomeError(f"cannot read dataset {path}: {first_line(error)}") from error
    if isinstance(dataset, datasets.DatasetDict):
        if split not in dataset:
            known = ", ".join(map(str, dataset))
            raise MicrotomeError(f"dataset {path} has no split {split!r}; it has {known}")
        dataset = dataset[split]
    return _rows(dataset, field, f"dataset {path}")


def hub_texts(name: str, field: str, split: str) -> Iterator[str]:
    """Texts of "owner/name" or "owner/name:configuration", fetched as they are read.

    Raises:
        MicrotomeError: no such dataset, configuration, split or field, or no connection.
    """
    import datasets

    repository, _, configuration = name.partition(":")
    try:
        dataset: Any = datasets.load_dataset(
            repository, configuration or None, split=split, streaming=True
        )
    except Exception as error:  # of the hub, the network, and every file format
        raise MicrotomeError(
            f"cannot load dataset {name} (split {split!r}): {first_line(error)}"
        ) from error
    return _rows(dataset, field, f"dataset {name}")


def _rows(dataset: Any, field: str, where: str) -> Iterator[str]:
    known = dataset.column_names  # a streamed dataset may not know before its first row
    if known is not None:
        if field not in known:
            raise no_field(field, known, where)
        dataset = dataset.select_columns([field])
    number, rows = 0, iter(dataset)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except Exception as error:
            raise MicrotomeError(
                f"cannot read {where} after row {number}: {first_line(error)}"
            ) from error
        if field not in row:
            raise no_field(field, row, f"{where} row {number}")
        yield text_of(row[field], field, f"{where} row {number}")
        number += 1
