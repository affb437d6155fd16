"""Decision trees of maps, and MLPs that compute them."""

import numpy as np
import torch

from microtome.specimen.compiled.neurons import Neurons, count_neurons, decisions


def run(neurons: Neurons, x: torch.Tensor) -> torch.Tensor:
    return torch.relu(x @ neurons.reads + neurons.bias) @ neurons.writes + neurons.constant


def test_leaves_ask_only_for_what_matters():
    table = np.zeros((2, 3, 4), dtype=np.int64)
    table[1, :, 2] = 5  # the middle axis never matters, the last only where the first is 1
    leaves = list(decisions(table))
    assert (((0, 0),), 0) in leaves
    assert (((0, 1), (2, 2)), 5) in leaves
    assert len(leaves) == 5


def test_leaves_are_the_table():
    table = np.random.default_rng(0).integers(0, 2, (3, 2, 3))
    for at in np.ndindex(*table.shape):
        fit = [v for fixed, v in decisions(table) if all(at[a] == i for a, i in fixed)]
        assert fit == [table[at]]


def test_a_share_becomes_a_count_and_is_gone():
    shares = 2.0 / torch.arange(1, 8, dtype=torch.float64)
    vectors = torch.zeros(4, 6, dtype=torch.float64)
    vectors[:, :4] = torch.eye(4)
    constant = torch.eye(6, dtype=torch.float64)[5]
    neurons = count_neurons(shares, 4, vectors, constant)
    for count in range(7):
        x = constant.clone()
        x[4] = shares[count] * (1 + 1e-6)
        after = x + run(neurons, x)
        assert after[:4].argmax() == min(count, 3)
        torch.testing.assert_close(after[:4].sum(), torch.ones((), dtype=torch.float64))
        assert abs(after[4]) < 1e-5
