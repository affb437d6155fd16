"""Supernodes ablated on a real model, at once and member by member."""

import pytest
import torch

from microtome.circuit import trace
from microtome.circuit.prune import whole
from microtome.circuit.supernode import Grouping, GroupOptions, agreement, group
from microtome.intervention import Baseline, Mode, hold
from microtome.model import LanguageModel
from tests.circuit.dictionaries import tiny_dictionary
from tests.circuit.graphs import hand_graph, refusal
from tests.model.families import tiny_model

TOKENS = torch.tensor([[1, 5, 9, 7, 3]])


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return tiny_model("llama", torch.float64)


@pytest.fixture(scope="module")
def baseline(model: LanguageModel) -> Baseline:
    return hold(model, TOKENS, tiny_dictionary(model, "clt"))


@pytest.fixture(scope="module")
def grouping(model: LanguageModel) -> Grouping:
    dictionary = tiny_dictionary(model, "clt")
    graph = trace(model, TOKENS, dictionary)
    return group(whole(graph), dictionary, options=GroupOptions(groups=20))


def test_direct_effects_of_a_group_are_the_edges_of_its_supernode(
    model: LanguageModel, grouping: Grouping, baseline: Baseline
):
    found = agreement(grouping, baseline, Mode.direct(model.n_layers))
    assert len(found.groups) > 5
    assert found.value == pytest.approx(1, abs=1e-12)
    torch.testing.assert_close(found.at_once, found.one_by_one, rtol=1e-9, atol=1e-12)
    graph, collapsed = grouping.pruned.graph, grouping.graph
    at = {nodes: i for i, nodes in enumerate(collapsed.members)}
    answers = [at[(int(node),)] for node in graph.nodes.where("logit")]
    sources = [at[one.members] for one in found.groups]
    edges = collapsed.edges[answers][:, sources].T
    torch.testing.assert_close(found.at_once, -edges, rtol=1e-9, atol=1e-11)


def test_with_attention_live_members_interact(grouping: Grouping, baseline: Baseline):
    found = agreement(grouping, baseline)
    assert (found.at_once - found.one_by_one).abs().max() > 0
    assert found.value < 1 - 1e-9


def test_what_cannot_be_compared_is_refused(
    model: LanguageModel, grouping: Grouping, baseline: Baseline
):
    assert "dictionary" in refusal(agreement, grouping, hold(model, TOKENS))
    other = hold(model, TOKENS.flip(1), baseline.dictionary)
    assert "not the graph's" in refusal(agreement, grouping, other)
    no_logits = group(whole(hand_graph("tff", {(1, 0): 1.0, (2, 1): 1.0}, {2: 1.0})))
    held = hold(model, torch.tensor([[5, 6]]), baseline.dictionary)
    assert "no logits" in refusal(agreement, no_logits, held)
