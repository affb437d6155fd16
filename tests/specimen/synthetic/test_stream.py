"""What is measured on synthetic activations is what was asked for."""

from itertools import islice

import pytest
import torch
from scipy.stats import multivariate_normal

from microtome.specimen.synthetic.options import SyntheticOptions
from microtome.specimen.synthetic.stream import SyntheticBlock, SyntheticStream

ROWS = 40_000
SIGMAS = 4.5
"""Of hundreds of figures tested at once none strays so far by chance."""


def sample(rows: int = ROWS, seed: int = 5, **options) -> tuple[SyntheticStream, SyntheticBlock]:
    defaults = {"d": 16, "directions": 60, "active": 4.0}
    stream = SyntheticStream(SyntheticOptions(**defaults | options))
    return stream, stream.sample(rows, seed)


def fires(block: SyntheticBlock) -> torch.Tensor:
    return block.firings.dense() > 0


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"tree_share": 0.6, "tree_depth": 3, "tree_branching": 2, "exponent": 0.7},
        {"group_size": 3, "correlation": 0.6},
        {"group_size": 2, "correlation": 0.9, "tree_share": 0.4, "exponent": 1.0, "active": 2.0},
    ],
)
def test_each_direction_is_as_frequent_as_its_probability(options: dict):
    stream, block = sample(**options)
    found = fires(block).double().mean(0)
    wanted = stream.world.probability
    error = (wanted * (1 - wanted) / ROWS).sqrt()
    assert bool(((found - wanted).abs() < SIGMAS * error).all())
    per_row = fires(block).sum(1).double()
    mean_error = float(per_row.std()) / ROWS**0.5
    assert float(per_row.mean()) == pytest.approx(stream.options.active, abs=SIGMAS * mean_error)


def test_children_never_fire_without_their_parents():
    stream, block = sample(tree_share=0.8, tree_depth=3, tree_branching=2, exponent=0.7)
    on, parent = fires(block), stream.world.parent
    child = (parent >= 0).nonzero().squeeze(1)
    assert len(child) > 30
    assert not bool((on[:, child] & ~on[:, parent[child]]).any())
    given = on[:, child].sum(0).double() / on[:, parent[child]].sum(0)
    chance = stream.world.conditional[child]
    error = (chance * (1 - chance) / on[:, parent[child]].sum(0)).sqrt()
    assert bool(((given - chance).abs() < SIGMAS * error).all())


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.8, 1.0])
def test_pairs_of_a_group_fire_together_as_the_copula_says(correlation: float):
    # without correlation the groups are there all the same, and fire independently
    stream, block = sample(group_size=3, correlation=correlation, exponent=0.3)
    on, world = fires(block).double(), stream.world
    together = (on.T @ on) / ROWS
    quantile = torch.special.ndtri(world.probability)
    seen = 0
    for group in range(int(world.group.max()) + 1):
        a, b, c = (world.group == group).nonzero().squeeze(1).tolist()
        for i, j in ((a, b), (a, c), (b, c)):
            p, q = float(world.probability[i]), float(world.probability[j])
            wanted = min(p, q)
            if correlation < 1:
                covariance = [[1, correlation], [correlation, 1]]
                point = [float(quantile[i]), float(quantile[j])]
                wanted = float(multivariate_normal.cdf(point, cov=covariance))
            error = (wanted * (1 - wanted) / ROWS) ** 0.5
            assert abs(float(together[i, j]) - wanted) < SIGMAS * error
            if correlation >= 0.3:
                assert wanted - p * q > 4 * error  # not what independence would give
            seen += 1
    assert seen == 60


def test_directions_of_different_groups_are_independent():
    stream, block = sample(group_size=2, correlation=0.9)
    on, world = fires(block).double(), stream.world
    other = world.group[:, None] != world.group[None]
    wanted = world.probability[:, None] * world.probability[None]
    error = (wanted * (1 - wanted) / ROWS).sqrt()
    strays = ((on.T @ on / ROWS - wanted).abs() / error)[other]
    assert float(strays.max()) < 5


@pytest.mark.parametrize("noise", [0.0, 0.1, 1.0])
def test_noise_is_relative_to_the_signal(noise: float):
    stream, block = sample(noise=noise, anisotropy=1.0)
    signal = block.firings.dense() @ stream.world.directions
    rest = (block.activations - signal).double()
    ratio = rest.square().sum().sqrt() / signal.double().square().sum().sqrt()
    assert float(ratio) == pytest.approx(noise, rel=0.02, abs=1e-6)
    if noise:
        spread = rest.std(0)
        torch.testing.assert_close(spread, spread.mean().expand(16), rtol=0.03, atol=0.0)


@pytest.mark.parametrize(
    ("options", "mean", "least", "most"),
    [
        ({}, 1.0, 0.5, 1.5),
        ({"size_low": 2.0, "size_high": 2.0}, 2.0, 2.0, 2.0),
        (
            {"sizes": "lognormal", "size_median": 2.0, "size_spread": 0.4},
            2.0 * 2.718281828 ** (0.4**2 / 2),
            0.0,
            float("inf"),
        ),
    ],
)
def test_sizes_have_their_distribution(options: dict, mean: float, least: float, most: float):
    _, block = sample(rows=20_000, **options)
    values = block.firings.values.double()
    assert float(values.mean()) == pytest.approx(mean, rel=0.01)
    assert least <= float(values.min()) <= float(values.max()) <= most
    if options.get("sizes") == "lognormal":
        assert float(values.log().std()) == pytest.approx(0.4, rel=0.02)
        assert float(values.median()) == pytest.approx(2.0, rel=0.02)


def test_a_block_depends_on_seed_and_index_alone():
    stream = SyntheticStream(SyntheticOptions(d=16, directions=60, active=4.0))
    first, second = islice(stream.blocks(7), 2)
    again = SyntheticStream(stream.options).block(7, 1)
    assert torch.equal(second.activations, again.activations)
    assert torch.equal(next(stream.blocks(7, start=1)).activations, second.activations)
    assert torch.equal(second.firings.features, again.firings.features)
    assert not torch.equal(first.activations, second.activations)
    assert not torch.equal(first.activations, stream.block(8, 0).activations)


def test_a_sample_is_the_beginning_of_the_stream():
    stream = SyntheticStream(SyntheticOptions(d=16, directions=3000, active=4.0))
    assert stream.block_rows == (1 << 21) // 3000
    blocks = list(islice(stream.blocks(2), 2))
    sample = stream.sample(stream.block_rows + 10, 2)
    whole = torch.cat([block.firings.dense() for block in blocks])[: stream.block_rows + 10]
    assert torch.equal(sample.firings.dense(), whole)
    assert torch.equal(sample.activations[-10:], blocks[1].activations[:10])
    assert len(sample) == sample.firings.n_rows == stream.block_rows + 10


def test_memory_does_not_grow_with_the_world():
    for n in (10, 10_000, 200_000):
        stream = SyntheticStream(SyntheticOptions(d=4, directions=n, active=1.0, noise=0.0))
        assert stream.block_rows * n <= 1 << 21
        assert stream.block_rows >= 1
