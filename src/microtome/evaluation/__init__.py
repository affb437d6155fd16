"""Evaluation: how well a dictionary stands in for the model, beside baselines."""

from typing import TYPE_CHECKING

from microtome.face import lazy_face

if TYPE_CHECKING:
    from microtome.evaluation.bootstrap import Figure
    from microtome.evaluation.compare import Comparison, LinearMap, compare
    from microtome.evaluation.corpus import evaluate_corpus, evaluation_blocks
    from microtome.evaluation.evaluate import Options, evaluate
    from microtome.evaluation.flips import Flips, find_flips
    from microtome.evaluation.ground_truth import coverage, firing_f1, match_directions
    from microtome.evaluation.measure import Wanted
    from microtome.evaluation.probe_tasks import read_labelled
    from microtome.evaluation.probing import Examples, ProbeResult, sparse_probe
    from microtome.evaluation.replacement import agreement, replaced
    from microtome.evaluation.result import Evaluation
    from microtome.evaluation.save import save_evaluations
    from microtome.evaluation.stability import twins

__all__ = [
    "Comparison",
    "Evaluation",
    "Examples",
    "Figure",
    "Flips",
    "LinearMap",
    "Options",
    "ProbeResult",
    "Wanted",
    "agreement",
    "compare",
    "coverage",
    "evaluate",
    "evaluate_corpus",
    "evaluation_blocks",
    "find_flips",
    "firing_f1",
    "match_directions",
    "read_labelled",
    "replaced",
    "save_evaluations",
    "sparse_probe",
    "twins",
]

lazy_face(
    __name__,
    {
        "bootstrap": "Figure",
        "compare": "Comparison LinearMap compare",
        "corpus": "evaluate_corpus evaluation_blocks",
        "evaluate": "Options evaluate",
        "flips": "Flips find_flips",
        "ground_truth": "coverage firing_f1 match_directions",
        "measure": "Wanted",
        "probe_tasks": "read_labelled",
        "probing": "Examples ProbeResult sparse_probe",
        "replacement": "agreement replaced",
        "result": "Evaluation",
        "save": "save_evaluations",
        "stability": "twins",
    },
)
