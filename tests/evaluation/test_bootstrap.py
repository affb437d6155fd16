"""Intervals: they cover, they are paired, and they know when they are not known."""

import pytest
import torch

from microtome.evaluation.bootstrap import Bootstrap, mean_estimate, ratio
from microtome.evaluation.sums import DocumentSums
from microtome.evaluation.verdict import compare_sums


def simulated(seed: int, documents: int = 60) -> DocumentSums:
    """Documents of different lengths and levels: a ratio of sums whose truth is 2."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(5, 40, (documents,), generator=generator)
    level = 2 + torch.randn(documents, generator=generator) * 0.8
    ids = torch.repeat_interleave(torch.arange(documents), lengths)
    x = level[ids] + torch.randn(len(ids), generator=generator) * 0.5
    return DocumentSums.of(ids, {"x": x, "tokens": torch.ones(len(ids))})


def test_the_interval_covers_as_often_as_it_says():
    hits, naive = 0, 0
    for seed in range(200):
        sums = simulated(seed)
        estimate = Bootstrap(sums, draws=300, seed=seed).estimate(ratio("x", "tokens"))
        assert estimate is not None
        figure = estimate.figure()
        assert figure.low is not None and figure.high is not None
        hits += figure.low <= 2 <= figure.high
        n = float(sums.total()["tokens"])
        naive += abs(figure.value - 2) <= 1.96 * (0.8**2 + 0.5**2) ** 0.5 / n**0.5
    assert 180 <= hits <= 199  # of 200, 95% nominal
    assert naive < 130  # tokens drawn one by one would claim far too much


def test_one_document_has_no_interval():
    sums = DocumentSums.of(torch.zeros(3).long(), {"x": torch.ones(3), "tokens": torch.ones(3)})
    estimate = Bootstrap(sums).estimate(ratio("x", "tokens"))
    assert estimate is not None
    figure = estimate.figure()
    assert (figure.value, figure.low, figure.high, figure.n) == (1.0, None, None, 3)


def test_an_undefined_ratio_is_none():
    sums = DocumentSums.of(torch.arange(3), {"x": torch.ones(3), "tokens": torch.zeros(3)})
    assert Bootstrap(sums).estimate(ratio("x", "tokens")) is None


def test_the_same_seed_draws_the_same_documents():
    a, b = simulated(1), simulated(2)
    one = Bootstrap(a, 50, seed=3).estimate(ratio("x", "tokens"))
    two = Bootstrap(b, 50, seed=3).estimate(ratio("x", "tokens"))
    assert one is not None and two is not None
    assert torch.equal(Bootstrap(a, 50, 3).drawn["tokens"], Bootstrap(a, 50, 3).drawn["tokens"])
    mean = mean_estimate([one, two])
    assert mean is not None
    assert mean.value == pytest.approx((one.value + two.value) / 2)
    assert torch.allclose(mean.draws, (one.draws + two.draws) / 2)
    assert mean_estimate([one, None]) is None


@pytest.mark.parametrize(
    ("share", "verdict"), [(0.5, "better"), (0.85, "better"), (0.97, "unclear"), (1.3, "worse")]
)
def test_verdicts_need_a_tenth(share: float, verdict: str):
    n = 400
    base = torch.rand(n) + 0.5
    noise = torch.randn(n) * 0.02

    def sums(error: torch.Tensor) -> DocumentSums:
        columns = {"tokens": torch.ones(n), "error": error, "variance": torch.full((n,), 2.0)}
        return DocumentSums.of(torch.arange(n) // 4, columns)

    versus = compare_sums("site", sums(base * share + noise), sums(base), 300, 0)
    assert versus.verdict == verdict
    assert versus.fvu is not None
    assert versus.fvu.value == pytest.approx(share, abs=0.02)
    assert versus.loss is None
