"""A verification beside the graph that it is of."""

from pathlib import Path

from microtome.artifact import read_manifest
from microtome.artifact.json_file import read_as
from microtome.artifact.manifest import KEPT_BESIDE
from microtome.artifact.whole import whole_file
from microtome.circuit.verify.document import Verification

_, VERIFICATION = KEPT_BESIDE["graph"]


def save_verification(path: str | Path, verification: Verification) -> None:
    """Keep a verification in a graph artifact; one that was there is replaced.

    Raises:
        MicrotomeError: the path holds no whole graph artifact, or it cannot be written.
    """
    path = Path(path)
    read_manifest(path, "graph")
    whole_file(path / VERIFICATION, verification.model_dump_json(indent=1) + "\n")


def load_verification(path: str | Path) -> Verification | None:
    """The verification of a graph artifact; None where it was not verified.

    Raises:
        MicrotomeError: the file is damaged or not of this form.
    """
    file = Path(path) / VERIFICATION
    if not file.is_file():
        return None
    return read_as(file, Verification, "delete the file and verify the graph again")
