"""Score forms do what a selector says, with the margin that they claim."""

import numpy as np
import torch

from microtome.specimen.compiled.codes import spherical_code
from microtome.specimen.compiled.scores import Form, fit_scores


def scores(form: Form, query: np.ndarray, key: np.ndarray, start: float) -> np.ndarray:
    queries = np.hstack([query, np.ones((len(query), 1))])
    keys = np.hstack([key, np.full((len(key), 1), start)])
    return queries @ form.matrix @ keys.T


def codes(n: int, d: int) -> np.ndarray:
    return spherical_code(n, d).numpy()


def test_the_highest_level_wins_and_the_start_is_the_last_resort():
    code, n = codes(7, 6), 7
    levels = np.array([[key if key > query else 0 for key in range(n)] for query in range(n)])
    form = fit_scores(code, code, levels, first=0, equal=False)
    assert form.margin > 0.05
    later = scores(form, code, code, -1.0)
    start = scores(form, code, code, 1.0)[:, 0]
    assert np.abs(later).max() <= 1 + 1e-6
    for query in range(n):
        chosen = [later[query, key] for key in range(query + 1, n)]
        rest = later[query, : query + 1].max()
        ladder = [rest, start[query], *chosen]
        assert (np.diff(ladder) >= form.margin - 1e-6).all()


def test_what_is_counted_scores_the_same():
    code = codes(8, 4)
    levels = np.eye(8, dtype=np.int64)
    form = fit_scores(code, code, levels, first=0, equal=True)
    assert form.margin > 0.05
    later, start = scores(form, code, code, -1.0), scores(form, code, code, 1.0)[:, 0]
    np.testing.assert_allclose(later.diagonal(), start, atol=1e-6)
    others = later + np.where(np.eye(8) > 0, -9.0, 0.0)
    assert (others.max(1) <= start - form.margin + 1e-6).all()


def test_too_few_dimensions_leave_no_margin():
    code = codes(12, 2)
    levels = np.random.default_rng(0).integers(0, 2, (12, 12))
    assert fit_scores(code, code, levels, first=0, equal=True).margin < 0.01


def test_the_form_is_deterministic():
    code, levels = codes(6, 3), np.eye(6, dtype=np.int64)
    first, second = (fit_scores(code, code, levels, 0, False) for _ in range(2))
    assert torch.equal(torch.from_numpy(first.matrix), torch.from_numpy(second.matrix))
