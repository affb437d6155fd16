"""An evaluation as an artifact folder: JSON, SAEBench exports, plots, one HTML page."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from microtome.artifact import SCHEMA_VERSIONS, Manifest, new_artifact
from microtome.artifact.names import EVALUATION
from microtome.evaluation.export import probes_to_saebench, to_json, to_saebench
from microtome.evaluation.page import page
from microtome.evaluation.plots import plots
from microtome.evaluation.result import Evaluation

KIND = "evaluation"

REPORT, PLOTS, SAEBENCH = "report.html", "plots", "saebench"


def save_evaluations(
    evaluations: Sequence[Evaluation],
    path: Path,
    config: dict[str, Any] | None = None,
    force: bool = False,
) -> None:
    """Write evaluations as one artifact folder.

    It holds `evaluation.json` (everything), `report.html` (one page that needs nothing else),
    `plots/` (PNG) and `saebench/` (one file per dictionary, written site and kind of evaluation).

    Args:
        evaluations: to write.
        path: the folder to make.
        config: what the command was asked for, kept in the manifest.
        force: replace an evaluation that exists.

    Raises:
        MicrotomeError: an output that exists, or cannot be written.
    """
    inputs = {"model": evaluations[0].model_fingerprint}
    inputs |= {f"dictionary_{i}": e.fingerprint for i, e in enumerate(evaluations)}
    manifest = Manifest(
        kind=KIND,
        schema_version=SCHEMA_VERSIONS[KIND],
        config=config or {},
        inputs=inputs,
        content={
            "dictionaries": [e.dictionary for e in evaluations],
            "verdicts": [e.verdict for e in evaluations],
        },
    )
    drawn = [plots(e) for e in evaluations]
    with new_artifact(path, manifest, force) as folder:
        _write_json(folder / EVALUATION, [to_json(e) for e in evaluations])
        (folder / REPORT).write_text(page(evaluations, drawn), encoding="utf-8")
        (folder / PLOTS).mkdir()
        (folder / SAEBENCH).mkdir()
        for i, (evaluation, images) in enumerate(zip(evaluations, drawn, strict=True)):
            for name, image in images.items():
                (folder / PLOTS / f"{i}-{name}.png").write_bytes(image)
            for j, site in enumerate(evaluation.sites):
                target = folder / SAEBENCH / f"{i}-{site.site}-core.json"
                _write_json(target, to_saebench(evaluation, j))
            for site in dict.fromkeys(probe.site for probe in evaluation.probes):
                target = folder / SAEBENCH / f"{i}-{site}-sparse_probing.json"
                _write_json(target, probes_to_saebench(evaluation, site))


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, allow_nan=False) + "\n", encoding="utf-8")
