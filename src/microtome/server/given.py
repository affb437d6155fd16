"""Labels that were given to features after the atlas was made: by people, by language models."""

import logging
import threading
from pathlib import Path

from microtome.artifact import read_manifest
from microtome.errors import MicrotomeError
from microtome.explain import label_texts
from microtome.server.library import ArtifactLibrary
from microtome.server.library.found import Signature
from microtome.server.notebook import Notebook

_log = logging.getLogger(__name__)
Key = tuple[int, int]
"""Encoder and feature."""
Labelled = dict[Key, tuple[str, str]]
"""Label and source."""


class GivenLabels:
    """What people and language models call features, by the fingerprint of the dictionary."""

    def __init__(self, library: ArtifactLibrary, notebook: Notebook):
        self._library, self._notebook = library, notebook
        self._read: dict[Path, tuple[Signature, str, Labelled]] = {}
        self._lock = threading.Lock()

    def of(self, dictionary: str) -> Labelled:
        """All of a dictionary; a person's comes before a language model's."""
        labels: Labelled = {}
        for of, found in self._explained():
            if dictionary and of == dictionary:
                labels |= found
        people = self._notebook.labels(dictionary)
        return labels | {key: (label, "person") for key, label in people.items()}

    def _explained(self) -> list[tuple[str, Labelled]]:
        """Dictionary and labels of every folder of them, the newest last; damaged ones are passed
        over."""
        folders = self._library.label_folders()
        with self._lock:
            self._read = {
                path: known
                if (known := self._read.get(path)) and known[0] == signature
                else (signature, *_labels_of(path))
                for path, signature in folders.items()
            }
            newest_last = sorted(self._read.values(), key=lambda one: _changed(one[0]))
        return [(of, labels) for _, of, labels in newest_last]


def _changed(signature: Signature) -> int:
    return max((changed for *_, changed in signature), default=0)


def _labels_of(folder: Path) -> tuple[str, Labelled]:
    try:
        inputs = read_manifest(folder, files=False).inputs
        return inputs.get("dictionary", ""), label_texts(folder)
    except (MicrotomeError, OSError) as error:
        _log.warning("labels in %s are not shown: %s", folder.name, error)
        return "", {}
