"""Sparse probing: how much k features say about a label, for k = 1, 2, 5.

As in SAEBench (Karvonen et al. 2025, after Gurnee et al. 2023, "Finding Neurons in a Haystack"):
the k features whose mean activation differs most between the two classes, a logistic regression
on them, accuracy on documents that neither has seen. Deviations: classes are weighted equally, so
0.5 is chance whatever their shares, and the fit is Newton's method with a small ridge.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from microtome.dictionary import Codes
from microtome.errors import MicrotomeError
from microtome.evaluation.bootstrap import Bootstrap, Figure
from microtome.evaluation.sums import DocumentSums

KS = (1, 2, 5)
_RIDGE = 1e-3
_STEPS = 30


@dataclass(frozen=True)
class Examples:
    """What is to be told apart: one row an example (a token, or a text's mean over its tokens)."""

    codes: Codes
    activations: Float[Tensor, "examples d"]
    """What the encoder reads, for probes without a dictionary."""
    labels: Bool[Tensor, " examples"]
    documents: Int[Tensor, " examples"]
    """Documents are on one side of the split between training and test."""


@dataclass(frozen=True)
class ProbeResult:
    """Balanced accuracy on test documents; 0.5 is chance."""

    task: str
    site: str
    """What the encoder reads."""
    examples: int
    positive: float
    """Share of examples with the label."""
    features: Mapping[int, Figure]
    """By k, of the k features."""
    dimensions: Mapping[int, Figure]
    """By k, of the k dimensions of the activation itself, chosen in the same way."""
    activation: Figure
    """Of all dimensions of the activation: what there is to be known."""
    chosen: tuple[int, ...]
    """The features, best first."""


def sparse_probe(task: str, site: str, examples: Examples) -> ProbeResult:
    """Probe for one label with k features, k dimensions and all dimensions.

    Raises:
        MicrotomeError: a class has fewer than two examples on one side of the split.
    """
    labels, documents = examples.labels.cpu(), examples.documents.cpu()
    test = _test_side(documents)
    for side, rows in (("training", ~test), ("test", test)):
        for label in (True, False):
            if int((labels[rows] == label).sum()) < 2:
                raise MicrotomeError(
                    f"probe {task!r} has fewer than two {side} examples with label "
                    f"{str(label).lower()}; give more text"
                )
    x = examples.activations.detach().to("cpu", torch.float64)
    by_feature = _differences(examples.codes, labels, ~test)
    by_dimension = (x[~test & labels].mean(0) - x[~test & ~labels].mean(0)).abs()
    features = by_feature.topk(min(max(KS), len(by_feature))).indices
    dimensions = by_dimension.topk(min(max(KS), len(by_dimension))).indices
    chosen = columns_of(examples.codes, features)

    def accuracy(columns: Tensor) -> Figure:
        right = _fit_and_test(columns, labels, test)
        return _balanced(right, labels[test], documents[test])

    return ProbeResult(
        task=task,
        site=site,
        examples=len(labels),
        positive=float(labels.double().mean()),
        features={k: accuracy(chosen[:, :k]) for k in KS if k <= len(features)},
        dimensions={k: accuracy(x[:, dimensions[:k]]) for k in KS if k <= len(dimensions)},
        activation=accuracy(x),
        chosen=tuple(features.tolist()),
    )


def _test_side(documents: Int[Tensor, " n"]) -> Bool[Tensor, " n"]:
    """A quarter of the documents is for the test, whatever order their labels have."""
    _, numbers = torch.unique(documents, return_inverse=True)
    # Fibonacci hashing: labels that alternate would all fall on one side of a plain modulus
    return (numbers * 2_654_435_769) % 2**32 < 2**30


def _differences(
    codes: Codes, labels: Bool[Tensor, " n"], rows: Bool[Tensor, " n"]
) -> Float[Tensor, " features"]:
    """|difference of mean activation between the classes| by feature, over some rows."""
    weights = torch.zeros(len(labels), dtype=torch.float64)
    weights[rows & labels] = 1 / float((rows & labels).sum())
    weights[rows & ~labels] = -1 / float((rows & ~labels).sum())
    out = torch.zeros(codes.n_features, dtype=torch.float64)
    values = codes.values.cpu().double() * weights[codes.rows().cpu()]
    return out.index_add_(0, codes.features.cpu(), values).abs()


def columns_of(codes: Codes, features: Int[Tensor, " k"]) -> Float[Tensor, "rows k"]:
    """Activations of a few features on all rows; one that is asked for twice has two columns."""
    each, asked = torch.unique(features.cpu(), return_inverse=True)
    place = torch.full((codes.n_features,), -1, dtype=torch.long)
    place[each] = torch.arange(len(each))
    at = place[codes.features.cpu()]
    out = torch.zeros(codes.n_rows, len(each), dtype=torch.float64)
    kept = at >= 0
    out[codes.rows().cpu()[kept], at[kept]] = codes.values.cpu()[kept].double()
    return out[:, asked]


def _fit_and_test(
    x: Float[Tensor, "n k"], labels: Bool[Tensor, " n"], test: Bool[Tensor, " n"]
) -> Bool[Tensor, " tested"]:
    """Whether the fitted probe is right on each test example."""
    mean, size = x[~test].mean(0), x[~test].std(0).clamp(min=1e-9)
    x = torch.cat([(x - mean) / size, torch.ones(len(x), 1, dtype=x.dtype)], 1)
    weight = _logistic(x[~test], labels[~test].double())
    return (x[test] @ weight > 0) == labels[test]


def _logistic(x: Float[Tensor, "n k"], y: Float[Tensor, " n"]) -> Float[Tensor, " k"]:
    """Logistic regression by Newton's method, each class with half of the weight."""
    share = y.mean()
    importance = torch.where(y > 0, 0.5 / share, 0.5 / (1 - share)) / len(y)
    ridge = torch.eye(x.shape[1], dtype=x.dtype) * _RIDGE
    ridge[-1, -1] = 1e-12  # the constant is free
    weight = x.new_zeros(x.shape[1])
    for _ in range(_STEPS):
        p = (x @ weight).sigmoid()
        gradient = x.T @ (importance * (p - y)) + ridge @ weight
        hessian = (x * (importance * p * (1 - p))[:, None]).T @ x + ridge
        step = torch.linalg.solve(hessian, gradient)
        weight = weight - step.clamp(-5, 5)
        if float(step.abs().max()) < 1e-8:
            break
    return weight


def _balanced(
    right: Bool[Tensor, " n"], labels: Bool[Tensor, " n"], documents: Int[Tensor, " n"]
) -> Figure:
    """Mean of the accuracies on the two classes, with its interval over documents."""
    sums = DocumentSums.of(
        documents,
        {
            "examples": torch.ones(len(labels)),
            "positive": labels,
            "right_positive": right & labels,
            "right_negative": right & ~labels,
        },
    )
    estimate = Bootstrap(sums).estimate(
        lambda s: (
            (
                s["right_positive"] / s["positive"]
                + s["right_negative"] / (s["examples"] - s["positive"])
            )
            / 2
        ),
        "examples",
    )
    assert estimate is not None, "both classes have test examples"
    return estimate.figure()
