"""The map: tiny and odd inputs, repeatability, groups that stay together."""

import numpy as np
import pytest
import torch

from microtome.atlas import map as module
from microtome.atlas.map import cluster_labels, feature_map


def grouped(groups: int = 3, each: int = 40, d: int = 12) -> torch.Tensor:
    centres = torch.eye(d)[:groups].repeat_interleave(each, 0)
    return centres + torch.randn(groups * each, d) * 0.05


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 15, 16, 17, 30])
def test_tiny_dictionaries_have_a_map(n):
    found = feature_map(torch.randn(n, 6), seed=0)
    assert found.xy.shape == (n, 2) and np.isfinite(found.xy).all()
    assert found.cluster.shape == (n,)


def test_equal_vectors_and_one_dimension():
    assert np.isfinite(feature_map(torch.ones(5, 3)).xy).all()
    assert np.isfinite(feature_map(torch.ones(40, 3)).xy).all()
    assert np.isfinite(feature_map(torch.randn(40, 1)).xy).all()


def test_features_without_direction_are_not_placed():
    x = grouped()
    x[7] = 0
    x[9, 0] = torch.inf
    found = feature_map(x)
    placed = np.isfinite(found.xy).all(1)
    assert not placed[[7, 9]].any() and placed.sum() == len(x) - 2
    assert (found.cluster[[7, 9]] == -1).all()


def test_the_same_seed_gives_the_same_map_and_groups_are_clusters():
    x = grouped()
    first, second = feature_map(x, seed=3), feature_map(x, seed=3)
    assert np.array_equal(first.xy, second.xy)
    assert np.array_equal(first.cluster, second.cluster)
    groups = np.repeat(np.arange(3), 40)
    for c in set(first.cluster.tolist()) - {-1}:
        assert len(set(groups[first.cluster == c].tolist())) == 1
    assert (first.cluster >= 0).mean() > 0.8


def test_those_beyond_the_sample_are_placed_with_their_like(monkeypatch):
    monkeypatch.setattr(module, "SAMPLE", 60)
    x = grouped()
    found = feature_map(x)
    groups = np.repeat(np.arange(3), 40)
    centres = np.stack([np.median(found.xy[groups == g], axis=0) for g in range(3)])
    distance = np.linalg.norm(found.xy[:, None] - centres[None], axis=2)
    assert (distance.argmin(1) == groups).mean() > 0.95


def test_wide_vectors_keep_their_groups():
    x = torch.cat([grouped(), torch.zeros(120, 300)], 1)
    found = feature_map(x)
    assert len(set(found.cluster.tolist()) - {-1}) >= 3


def test_clusters_are_named_by_what_sets_them_apart():
    words = [["sum ends in 5", "the"]] * 4 + [["first operand 3", "the"]] * 3 + [["the"]]
    names = cluster_labels(np.array([0] * 4 + [1] * 3 + [-1], dtype=np.int32), words)
    assert names == {0: "sum ends in 5", 1: "first operand 3"}


def test_a_map_that_hangs_together_is_cut_into_leaves():
    found = feature_map(torch.randn(600, 8))
    sizes = np.bincount(found.cluster + 1)[1:]
    assert len(sizes) > 2 and sizes.max() < 300
