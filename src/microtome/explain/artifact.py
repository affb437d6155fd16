"""Labels by a language model as an artifact, beside the atlas that they are about.

The atlas stays as it was built: it is sealed by its manifest, and one atlas may have labels by
several language models.
"""

import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, ValidationError

from microtome.artifact import (
    SCHEMA_VERSIONS,
    Manifest,
    check_output,
    fingerprint_file,
    locked,
    new_artifact,
    read_manifest,
)
from microtome.artifact.manifest import FILE_NAME
from microtome.errors import MicrotomeError
from microtome.explain.features import Key
from microtome.explain.intervals import mean
from microtome.explain.journal import ANSWERS, answer_line
from microtome.explain.label import LABEL_COLUMNS, ModelLabel
from microtome.explain.options import ExplainOptions

KIND = "labels"
LABELS = "labels.parquet"


class Mean(BaseModel):
    """A mean over features, with its interval of 95%."""

    model_config = ConfigDict(extra="forbid")

    value: float
    low: float | None
    high: float | None
    """None where there is one feature only."""
    features: int


class LabelsContent(BaseModel):
    """What the manifest of labels says of them."""

    model_config = ConfigDict(extra="forbid")

    explainer: str
    """The language model that explained and judged."""
    atlas: str
    """Name of the atlas's folder."""
    features: int
    labelled: int
    """Those of them that have a label."""
    detection: Mean | None
    fuzzing: Mean | None
    control: Mean | None
    """Detection with explanations of other features."""


def labels_beside(atlas: Path) -> Path:
    """Where the labels of an atlas are kept unless another folder is named."""
    atlas = atlas.absolute()
    return atlas.with_name(f"{atlas.name}-labels")


def read_labels(folder: Path) -> dict[Key, ModelLabel]:
    """Labels of a folder, by encoder and feature.

    Raises:
        MicrotomeError: no such folder, something else, damaged, or of a newer microtome.
    """
    rows = _rows(folder, LABEL_COLUMNS.names)
    try:
        return {(row["encoder"], row["feature"]): ModelLabel(**row) for row in rows}
    except ValidationError as error:
        raise _unreadable(folder, error) from error


def label_texts(folder: Path) -> dict[Key, tuple[str, str]]:
    """Labels as lists, pages and searches of an atlas take them: text and `model`.

    Raises:
        MicrotomeError: as `read_labels`.
    """
    rows = _rows(folder, ["encoder", "feature", "label"])
    return {(r["encoder"], r["feature"]): (r["label"], "model") for r in rows if r["label"]}


def _rows(folder: Path, columns: list[str]) -> list[dict[str, Any]]:
    read_manifest(folder, KIND)
    try:
        return pq.read_table(folder / LABELS, columns=columns).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(folder, error) from error


def _unreadable(folder: Path, error: Exception) -> MicrotomeError:
    said = " ".join(str(error).split())
    return MicrotomeError(f"{folder / LABELS} cannot be read: {said}; make it again")


def labels_of(atlas: Path) -> dict[Key, tuple[str, str]]:
    """`label_texts` of the labels beside an atlas; none where there is no such folder, or where it
    is about another dictionary.

    Raises:
        MicrotomeError: they are damaged, or of a newer microtome.
    """
    folder = labels_beside(atlas)
    if not (folder / FILE_NAME).is_file():
        return {}
    theirs, ours = (read_manifest(f).inputs.get("dictionary") for f in (folder, atlas))
    return label_texts(folder) if theirs == ours else {}


class Labels:
    """A folder of labels that is being made or added to."""

    def __init__(
        self,
        atlas: Path,
        out: Path,
        explainer: str,
        options: ExplainOptions,
        force: bool = False,
        command: Sequence[str] | None = None,
    ):
        """
        Args:
            atlas: that the labels are about.
            out: folder of the labels; labels by the same model of the same atlas, made in the
                same way, are added to.
            explainer: name of the language model.
            options: how features are explained.
            force: replace other labels.
            command: the command line to keep in the manifest; this process's own by default.

        Raises:
            MicrotomeError: no atlas, or the folder holds something else.
        """
        made_from = read_manifest(atlas, "atlas").inputs
        self._atlas, self._out, self._explainer = atlas, out, explainer
        self._command = list(sys.argv if command is None else command)
        self._config: dict[str, Any] = {"explainer": explainer, "options": options.identity()}
        self._inputs = {
            "atlas": fingerprint_file(atlas / FILE_NAME),
            **{name: made_from[name] for name in ("dictionary", "model") if name in made_from},
        }
        self._force = force
        self._adds = self._same()
        if not self._adds:
            self._check(force)
        self.labels: dict[Key, ModelLabel] = read_labels(out) if self._adds else {}

    @property
    def part(self) -> Path:
        """Holds the answers so far; removed when they are in the artifact."""
        return self._out.with_name(f".{self._out.name}.part")

    @property
    def journal(self) -> Path:
        return self.part / ANSWERS

    @property
    def known(self) -> list[Path]:
        """Answers of labels that stand: they are not asked for again, even where replaced."""
        answers = self._out / ANSWERS
        return [answers] if answers.is_file() else []

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Keep other processes out of the folder while answers are collected."""
        try:
            self.part.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MicrotomeError(f"cannot write {self.part}: {error.strerror}") from error
        with locked(self.part):
            yield

    def save(self, answers: Mapping[str, str]) -> LabelsContent:
        """Write what there is; the answers so far go with it."""
        content = summary(self.labels.values(), self._explainer, self._atlas.name)
        manifest = Manifest(
            kind=KIND,
            schema_version=SCHEMA_VERSIONS[KIND],
            command=self._command,
            config=self._config,
            inputs=self._inputs,
            content=content.model_dump(mode="json"),
        )
        rows = [self.labels[key].model_dump() for key in sorted(self.labels)]
        with new_artifact(self._out, manifest, self._force or self._adds) as folder:
            pq.write_table(pa.Table.from_pylist(rows, LABEL_COLUMNS), folder / LABELS)
            with (folder / ANSWERS).open("w", encoding="utf-8") as file:
                file.writelines(answer_line(*item) for item in answers.items())
        self.clear()
        return content

    def clear(self) -> None:
        """Remove what is only needed while answers are collected."""
        shutil.rmtree(self.part, ignore_errors=True)

    def _check(self, force: bool) -> None:
        if not force and _is_labels(self._out):
            by = read_manifest(self._out).config.get("explainer")
            raise MicrotomeError(
                f"{self._out} holds labels of another atlas or by another model ({by}) or made "
                f"with other options; name another folder with --out, or replace them with --force"
            )
        check_output(self._out, force, KIND)

    def _same(self) -> bool:
        """Whether the folder holds such labels already."""
        if not _is_labels(self._out):
            return False
        manifest = read_manifest(self._out)
        return (manifest.config, manifest.inputs) == (self._config, self._inputs)


def _is_labels(folder: Path) -> bool:
    return (folder / FILE_NAME).is_file() and read_manifest(folder).kind == KIND


def summary(labels: Iterable[ModelLabel], explainer: str, atlas: str) -> LabelsContent:
    """Figures of all labels of a folder."""
    rows = list(labels)

    def figure(name: str) -> Mean | None:
        scores = [score.value for row in rows if (score := getattr(row, name)) is not None]
        found = mean(scores)
        if found is None:
            return None
        return Mean(value=found[0], low=found[1], high=found[2], features=len(scores))

    return LabelsContent(
        explainer=explainer,
        atlas=atlas,
        features=len(rows),
        labelled=sum(bool(row.label) for row in rows),
        detection=figure("detection"),
        fuzzing=figure("fuzzing"),
        control=figure("control"),
    )
