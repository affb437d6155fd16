"""A compiled circuit, small options, and its figures, made once."""

import pytest

from microtome.specimen.score.compiled import Circuit, build_circuit, score_circuit
from microtome.specimen.score.options import ScoreOptions
from microtome.specimen.score.result import Scored

TINY = ScoreOptions(
    seeds=(0,),
    architectures=("topk", "batchtopk"),
    steps=20,
    synthetic_steps=20,
    batch=32,
    features=32,
    texts=150,
    rows=600,
    swaps=5,
    graphs=3,
    synthetic_d=12,
    synthetic_active=3.0,
)


@pytest.fixture(scope="session")
def circuit() -> Circuit:
    return build_circuit("reverse", TINY, 0)


@pytest.fixture(scope="session")
def scored() -> Scored:
    return score_circuit("parentheses", TINY, 0)
