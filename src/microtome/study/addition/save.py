"""The addition study as an artifact folder: JSON and one HTML page."""

from pathlib import Path

from microtome.artifact import SCHEMA_VERSIONS, Manifest, new_artifact
from microtome.artifact.names import REPORT
from microtome.study.addition.document import AdditionStudy
from microtome.study.addition.page import page
from microtome.study.addition.plots import plots

KIND = "study"
ADDITION = "addition.json"


def save_addition(study: AdditionStudy, path: Path, force: bool = False) -> None:
    """Write a study as one artifact folder: `addition.json` (everything) and `report.html` (one
    page that needs nothing else).

    Args:
        study: to write.
        path: the folder to make.
        force: replace a study that exists.

    Raises:
        MicrotomeError: an output that exists, or cannot be written.
    """
    verdicts = [claim.verdict for claim in study.claims]
    manifest = Manifest(
        kind=KIND,
        schema_version=SCHEMA_VERSIONS[KIND],
        config=study.options.model_dump(),
        inputs={"model": study.model_fingerprint, "dictionary": study.dictionary_fingerprint},
        content={
            "study": "addition",
            "model": study.model,
            "dictionary": study.dictionary,
            "dictionary_kind": study.dictionary_kind,
            **{verdict: verdicts.count(verdict) for verdict in dict.fromkeys(verdicts)},
        },
    )
    with new_artifact(path, manifest, force) as folder:
        (folder / ADDITION).write_text(study.model_dump_json(indent=1) + "\n", encoding="utf-8")
        (folder / REPORT).write_text(page(study, plots(study)), encoding="utf-8")
