"""A process that edits annotations: python -m tests.annotation.writer PLACE NAME EDITS."""

import sys
import time
from pathlib import Path

from microtome.annotation import (
    Annotation,
    AnnotationIn,
    Annotations,
    EditConflict,
    open_annotations,
)

SHARED = {"dictionary": "shared", "encoder": 0, "feature": 0}


def append(notes: Annotations, said: str) -> Annotation:
    """Add a line to the note that all writers edit, merging with what others wrote meanwhile."""
    note, version = said, 0
    while True:
        try:
            return notes.put(AnnotationIn(**SHARED, note=note, version=version, author=said))
        except EditConflict as conflict:
            assert isinstance(conflict.current, Annotation)
            note = f"{conflict.current.note}\n{said}"
            version = conflict.current.version


def main() -> None:
    """Open when the file named like the last argument is there; a line for every edit on disk."""
    place, name, edits, start = sys.argv[1:]
    print("ready", flush=True)
    while not Path(start).exists():
        time.sleep(0.001)
    with open_annotations(place) as notes:
        for i in range(int(edits)):
            said = f"{name}.{i}"
            append(notes, said)
            print(said, flush=True)


if __name__ == "__main__":
    main()
