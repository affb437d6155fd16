"""Against known directions and concepts, and against another dictionary."""

import itertools

import pytest
import torch

from microtome.dictionary import Codes
from microtome.errors import MicrotomeError
from microtome.evaluation import coverage, firing_f1, match_directions, twins
from tests.circuit.dictionaries import tiny_dictionary
from tests.evaluation.cases import identity_sae, random_sae
from tests.model.families import tiny_model


def test_directions_in_another_order_and_size_match_perfectly():
    truth = torch.randn(6, 20)
    order = torch.randperm(6)
    found = match_directions(truth[order] * torch.rand(6, 1) * 9, truth)
    assert found.mcc == pytest.approx(1)
    assert found.uniqueness == 1
    assert sorted(found.pairs) == [(i, int(order[i])) for i in range(6)]


def test_the_matching_is_the_best_of_all():
    decoder, truth = torch.randn(4, 5), torch.randn(4, 5)
    unit = torch.nn.functional.normalize
    cosine = unit(decoder, dim=1) @ unit(truth, dim=1).T
    best = max(
        sum(float(cosine[i, p[i]]) for i in range(4)) for p in itertools.permutations(range(4))
    )
    assert match_directions(decoder, truth).mcc == pytest.approx(best / 4, abs=1e-6)


def test_missing_opposite_and_repeated_directions_cost():
    truth = torch.eye(4)
    half = match_directions(truth[:2], truth)
    assert (half.mcc, half.uniqueness) == (0.5, 1)
    assert match_directions(-truth, truth).mcc == pytest.approx(0)
    twice = match_directions(truth[[0, 0, 1, 1]], truth)
    assert (twice.mcc, twice.uniqueness) == (0.5, 0.5)


def test_firing_f1_is_the_definition():
    dense = (torch.rand(200, 5) < 0.3).double()
    truth = torch.rand(200, 3) < 0.3
    found = firing_f1(Codes.from_mask(dense, dense > 0), truth, ((4, 0), (1, 2)))
    for feature, direction in ((4, 0), (1, 2)):
        on = dense[:, feature] > 0
        hits = int((on & truth[:, direction]).sum())
        expected = 2 * hits / int(on.sum() + truth[:, direction].sum())
        assert float(found[direction]) == pytest.approx(expected)
    assert float(found[1]) == 0


def test_coverage_is_the_best_feature_over_all_thresholds():
    dense = torch.relu(torch.randn(120, 8) * 3).round().double()
    concepts = torch.rand(120, 4) < 0.3
    concepts[:, 3] = dense[:, 5] >= 3  # a threshold inside equal activations is no threshold
    found = coverage(Codes.from_mask(dense, dense > 0), concepts)
    for c in range(4):
        best = 0.0
        for f, t in itertools.product(range(8), range(1, 13)):
            on = dense[:, f] >= t
            hits = int((on & concepts[:, c]).sum())
            if int(on.sum()):
                best = max(best, 2 * hits / int(on.sum() + concepts[:, c].sum()))
        assert found.f1[c] == pytest.approx(best)
    assert found.f1[3] == 1
    assert (found.features[3], found.thresholds[3]) == (5, 3)
    assert found.mean == pytest.approx(sum(found.f1) / 4)


def test_nothing_active_covers_nothing():
    empty = torch.zeros(5, 3)
    assert coverage(Codes.from_mask(empty, empty > 0), torch.ones(5, 2) > 0).mean == 0


@pytest.mark.parametrize("kind", ["plt", "clt"])
def test_twins_are_features_with_a_decoder_like_their_own(kind: str):
    model = tiny_model("llama")
    a, b = (tiny_dictionary(model, kind, seed=seed) for seed in (1, 2))
    itself = twins(a, a)
    assert itself.twins == (1.0, 1.0, 1.0)
    assert itself.features == 96
    other = twins(a, b)
    assert max(other.twins) < 0.3
    for e, (one, two) in enumerate(zip(a.decoders, b.decoders, strict=True)):
        unit = torch.nn.functional.normalize
        cosine = unit(one.weight.flatten(1), dim=1) @ unit(two.weight.flatten(1), dim=1).T
        best = cosine.max(1).values
        assert other.mean_cosine[e] == pytest.approx(float(best.mean()), abs=1e-5)
        assert twins(a, b, threshold=0.4).twins[e] == pytest.approx(
            float((best > 0.4).double().mean())
        )


def test_only_features_that_are_alive_are_counted():
    ours = random_sae()
    alive = torch.zeros(40, dtype=torch.bool)
    alive[:7] = True
    assert twins(ours, ours, alive=[alive]).features == 7
    with pytest.raises(MicrotomeError, match="do not write the same sites"):
        twins(ours, identity_sae(site="blocks.0.mlp.out"))
