"""Does a dictionary clearly beat a baseline? A paired comparison, document by document."""

from collections.abc import Sequence
from typing import Literal

from microtome.evaluation.bootstrap import Bootstrap, Figure
from microtome.evaluation.result import Versus
from microtome.evaluation.sums import DocumentSums

CLEARLY = 0.9
"""Clearly better: the whole 95% interval of the ratio lies below this, so the dictionary leaves
at least a tenth less unexplained (or lost) than the baseline does."""


def compare_sums(
    site: str, ours: DocumentSums, baseline: DocumentSums, draws: int, seed: int
) -> Versus:
    """Ratios of FVU and of added loss, with paired intervals, and what follows from them.

    Better: clearly below in one of the two and above in neither. Worse: above 1 in one of them
    and clearly below in neither.
    """
    together = Bootstrap(ours.beside(baseline, "base_"), draws, seed)
    fvu = together.estimate(
        lambda s: (s["error"] / s["variance"]) / (s["base_error"] / s["base_variance"])
    )
    loss = None
    if "ce_spliced" in ours.names and "ce_spliced" in baseline.names:
        loss = together.estimate(
            lambda s: (s["ce_spliced"] - s["ce_clean"]) / (s["base_ce_spliced"] - s["ce_clean"]),
            "predictions",
        )
        if float(together.total["base_ce_spliced"]) <= float(together.total["ce_clean"]):
            loss = None  # the baseline costs nothing, so the ratio says nothing
    figures = tuple(None if e is None else e.figure() for e in (fvu, loss))
    return Versus(site, *figures, verdict=_verdict(figures))


def _verdict(figures: Sequence[Figure | None]) -> Literal["better", "worse", "unclear"]:
    known = [f for f in figures if f is not None and f.low is not None and f.high is not None]
    below = any(f.high is not None and f.high < CLEARLY for f in known)
    above = any(f.low is not None and f.low > 1 for f in known)
    if below and not above:
        return "better"
    return "worse" if above and not below else "unclear"
