"""Overlaps and carried-over ablations, from answers of known make."""

import numpy as np
import pytest
import torch

from microtome.study.addition.claims import guise_claims
from microtome.study.addition.guises import TRACED, Compared, Transferred, circuit_rows, jaccard


def test_jaccard_is_common_over_all():
    a, b = torch.tensor([True, True, False, False]), torch.tensor([True, False, True, False])
    assert jaccard(a, b) == pytest.approx(1 / 3)
    assert jaccard(a & ~a, b & ~b) == 0


def transferred(task: str, which: list[int], by_ones: list[int]) -> Transferred:
    """Pairs that sum to 95, with answers without the ones path; other ablations do nothing."""
    truth = np.full(len(which), 95)
    right = truth[:, None]
    answers = {
        ("equation", path, who): right
        for path in ("ones", "magnitude")
        for who in ("path", "shuffled", "others")
    }
    answers["equation", "ones", "path"] = np.array(by_ones)[:, None]
    return Transferred(task, np.array(which), truth, answers)


def test_a_pair_in_two_guises_is_one_pair():
    compared = {
        (a, b): Compared([0.9, 0.8], [0.1, 0.1], [0.2, 0.2])
        for i, a in enumerate(TRACED)
        for b in TRACED[i + 1 :]
    }
    assert circuit_rows(compared)[0].same.n == 2
    found = guise_claims(
        compared,
        {
            "table": transferred("table", [0, 1, 2], [97, 97, 95]),
            "minutes": transferred("minutes", [1, 2, 3], [97, 85, 97]),
            "ones of a sum": transferred("ones of a sum", [0], [5]),
            "tens of a sum": transferred("tens of a sum", [0], [90]),
        },
    )
    ones = next(claim for claim in found if claim.says.startswith("The ones path"))
    assert ones.measured.n == 2  # pairs 1 and 2 are right in both
    assert ones.measured.value == pytest.approx(0.5)  # pair 2 stays right, or loses its tens
