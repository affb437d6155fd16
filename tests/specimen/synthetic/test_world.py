"""The world behind synthetic activations: frequencies, trees, groups, the spectrum."""

import pytest
import torch

from microtome.specimen.synthetic.options import SyntheticOptions
from microtome.specimen.synthetic.world import make_world


def test_frequencies_are_a_power_law_with_the_mean_asked_for():
    world = make_world(SyntheticOptions(directions=300, active=5.5, exponent=0.8))
    assert float(world.probability.sum()) == pytest.approx(5.5)
    rank = torch.arange(1, 301, dtype=torch.float64)
    law = world.probability[0] * rank.pow(-0.8)
    torch.testing.assert_close(world.probability, law)


def test_directions_have_norm_one_and_follow_the_seed():
    options = SyntheticOptions(d=16, directions=40, anisotropy=1.0)
    one, same = make_world(options), make_world(options)
    other = make_world(options.model_copy(update={"seed": 1}))
    torch.testing.assert_close(one.directions.norm(dim=1), torch.ones(40))
    assert torch.equal(one.directions, same.directions)
    assert not torch.allclose(one.directions, other.directions)


@pytest.mark.parametrize("anisotropy", [0.0, 0.5, 1.0, 2.0])
def test_the_covariance_of_directions_falls_with_the_exponent(anisotropy: float):
    options = SyntheticOptions(d=32, directions=40_000, anisotropy=anisotropy)
    x = make_world(options).directions.double()
    found = torch.linalg.eigvalsh(x.T @ x / len(x)).flip(0)
    rank = torch.arange(1, 33, dtype=torch.float64)
    design = torch.stack([rank.log(), torch.ones(32, dtype=torch.float64)], 1)
    slope = float(torch.linalg.lstsq(design, found.log()[:, None]).solution[0])
    assert slope == pytest.approx(-anisotropy, abs=0.05)
    wanted = rank.pow(-anisotropy) / rank.pow(-anisotropy).sum()
    # 40,000 rows give an eigenvalue to sqrt(2 / 40,000) = 0.7%; neighbours push each other apart
    torch.testing.assert_close(found, wanted, rtol=0.08, atol=0.0)


def test_trees_have_the_shape_asked_for():
    options = SyntheticOptions(directions=200, tree_share=0.5, tree_depth=3, tree_branching=2)
    world = make_world(options)
    children = torch.bincount(world.parent[world.parent >= 0], minlength=200)
    assert options.trees == 14
    assert [len(level) for level in world.levels] == [28, 56]
    assert sorted(children.unique().tolist()) == [0, 2]
    assert int((children == 2).sum()) == 14 + 28
    has = (world.parent >= 0).nonzero().squeeze(1)
    assert bool((world.probability[has] < world.probability[world.parent[has]]).all())
    assert bool((world.conditional <= 1).all())
    first, second = world.levels
    assert bool((world.parent[world.parent[first]] < 0).all())
    assert set(world.parent[second].tolist()) == set(first.tolist())


def test_groups_are_of_directions_without_a_parent():
    options = SyntheticOptions(
        directions=200, tree_share=0.5, group_size=4, correlation=0.5, active=4.0, exponent=1.0
    )
    world = make_world(options)
    grouped = world.group >= 0
    assert set(torch.bincount(world.group[grouped]).tolist()) == {4}
    assert not bool((grouped & (world.parent >= 0)).any())
    assert int(grouped.sum()) == int((world.parent < 0).sum()) // 4 * 4
    assert bool((make_world(SyntheticOptions()).group == -1).all())
