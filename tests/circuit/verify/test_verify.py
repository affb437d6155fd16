"""Verification of whole graphs: of the adder's, and of dictionaries that explain nothing."""

from dataclasses import replace

import pytest
import torch

from microtome.circuit import (
    DirectionTarget,
    FeatureTarget,
    Graph,
    LogitDifference,
    group,
    prune,
    trace,
)
from microtome.circuit.merge import merge
from microtome.circuit.verify import Verification, VerifyOptions, verify
from microtome.dictionary import Decoder, Dictionary, Encoder
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.specimen import load_dictionary, load_model


@pytest.fixture(scope="module")
def adder() -> LanguageModel:
    return load_model("specimen:adder")


@pytest.fixture(scope="module")
def clt() -> Dictionary:
    return load_dictionary("specimen:adder")


@pytest.fixture(scope="module")
def graph(adder: LanguageModel, clt: Dictionary) -> Graph:
    return trace(adder, "36 + 59 =", clt)


@pytest.fixture(scope="module")
def verified(graph: Graph, adder: LanguageModel, clt: Dictionary) -> Verification:
    return verify(graph, adder, clt)


def test_the_adders_graph_is_believable(verified: Verification):
    held = verified.modes["held"]
    assert verified.belief == "believable"
    assert held.groups.r2 >= 0.8
    assert held.groups_control.r2 < 0.1
    assert held.by_distance[0].agreement.r2 >= 0.95
    for result in verified.modes.values():
        circuit = result.circuit
        assert circuit.necessity > 0.9 and circuit.necessity_control < 0.3
        assert circuit.sufficiency > circuit.sufficiency_control + 0.3
        assert circuit.curve.cpr > circuit.curve_control.cpr + 0.2
        assert circuit.curve.faithfulness[0] == pytest.approx(0, abs=1e-6)
        assert circuit.curve.faithfulness[-1] == pytest.approx(1)


def test_why_the_answer_moves_less_is_said(verified: Verification):
    assert any("norm denominators follow" in reason for reason in verified.reasons)
    assert max(verified.error_by_layer) < 0.01
    assert verified.error_by_token[0] is None
    assert all(share < 0.01 for share in verified.error_by_token[1:])


def test_edges_have_verdicts_in_every_mode(verified: Verification):
    held = [edge.verdicts["held"].verdict for edge in verified.edges]
    assert held.count("confirmed") > len(held) / 2
    assert any(edge.target.startswith("logit ") for edge in verified.edges)
    assert Verification.model_validate_json(verified.model_dump_json()) == verified


def test_a_run_is_repeatable(verified: Verification, graph, adder, clt):
    """The random features are the same; sums over threads may differ in their last digits."""
    again = verify(graph, adder, clt)
    assert (again.belief, again.reasons) == (verified.belief, verified.reasons)
    assert [g.label for g in again.groups] == [g.label for g in verified.groups]
    for name, mode in again.modes.items():
        before = verified.modes[name]
        assert mode.groups_control.r2 == pytest.approx(before.groups_control.r2, rel=1e-4)
        assert mode.logits.r2 == pytest.approx(before.logits.r2, rel=1e-4)


def shuffled(dictionary: Dictionary, seed: int = 0) -> Dictionary:
    """What each feature writes, given to another feature."""
    generator = torch.Generator().manual_seed(seed)

    def mixed(decoder: Decoder) -> Decoder:
        order = torch.randperm(len(decoder.weight), generator=generator)
        return Decoder(decoder.weight[order], decoder.targets)

    return replace(dictionary, decoders=tuple(map(mixed, dictionary.decoders)))


def randomised(dictionary: Dictionary, seed: int = 0) -> Dictionary:
    """Random directions of the same lengths."""
    generator = torch.Generator().manual_seed(seed)

    def alike(x: torch.Tensor) -> torch.Tensor:
        drawn = torch.randn(x.shape, generator=generator)
        return drawn * x.float().norm(dim=-1, keepdim=True) / drawn.norm(dim=-1, keepdim=True)

    return replace(
        dictionary,
        encoders=tuple(Encoder(alike(e.weight), e.bias, e.activation) for e in dictionary.encoders),
        decoders=tuple(Decoder(alike(d.weight), d.targets) for d in dictionary.decoders),
    )


def silent(dictionary: Dictionary) -> Dictionary:
    """Features that write next to nothing: none of them is left in a pruned graph."""
    decoders = tuple(Decoder(d.weight * 1e-6, d.targets) for d in dictionary.decoders)
    return replace(dictionary, decoders=decoders)


@pytest.mark.parametrize("broken", [shuffled, randomised, silent])
def test_a_dictionary_that_explains_nothing_is_not_believed(adder, clt, broken):
    wrong = broken(clt)
    found = verify(trace(adder, "36 + 59 =", wrong), adder, wrong)
    assert found.belief == "not believable"
    assert "errors hold" in found.reasons[0]


def test_another_model_or_dictionary_is_refused(graph: Graph, adder, clt):
    other = replace(clt, biases=tuple(b + 1 for b in clt.biases))
    with pytest.raises(MicrotomeError, match=r"of another dictionary .*specimen:adder"):
        verify(graph, adder, other)
    with pytest.raises(MicrotomeError, match="of another model"):
        verify(graph.with_info(model_fingerprint="0" * 16), adder, clt)
    unknown = {k: v for k, v in graph.info.items() if k != "model_fingerprint"}
    with pytest.raises(MicrotomeError, match="does not record the model"):
        verify(replace(graph, info=unknown), adder, clt)


def test_few_nodes_and_one_size(graph: Graph, adder, clt):
    found = verify(graph, adder, clt, VerifyOptions(nodes=3, sizes=(-1.0,)))
    assert found.modes["held"].logits.n == 3 * len([w for w in graph.weights if w > 0])


def test_a_difference_of_logits_can_be_tested(adder, clt):
    graph = trace(adder, "36 + 59 =", clt, LogitDifference("95", "94"))
    found = verify(graph, adder, clt, VerifyOptions(nodes=5))
    assert found.modes["held"].groups.r2 > 0.5
    assert found.groups[0].effects[0].label == "“95” − “94”"


def test_a_feature_can_be_the_target(adder, clt):
    found = verify(trace(adder, "36 + 59 =", clt, FeatureTarget(2, 914)), adder, clt)
    assert found.modes["held"].groups.r2 > 0.8


def test_another_direction_is_not_recorded(adder, clt):
    direction = DirectionTarget("blocks.2.resid.post", torch.ones(64))
    with pytest.raises(MicrotomeError, match="a direction that it does not record"):
        verify(trace(adder, "36 + 59 =", clt, direction), adder, clt)


def test_saved_groups_are_the_ones_that_are_tested(graph: Graph, adder, clt):
    """With the dictionary `group` finds others than it does without."""
    made = group(prune(graph), clt)
    found = verify(graph, adder, clt, VerifyOptions(nodes=1, sizes=(-1.0,)), made.state())
    members = {frozenset(g.members) for g in found.groups}
    names = graph.nodes.name
    assert {frozenset(map(names, g.members)) for g in made.groups} <= members
    alone = verify(graph, adder, clt, VerifyOptions(nodes=1, sizes=(-1.0,)))
    assert {frozenset(g.members) for g in alone.groups} != members


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"sizes": ()}, "are not numbers other than 0"),
        ({"sizes": (1.0, float("nan"))}, "are not numbers other than 0"),
        ({"sizes": (1.0, 1.0)}, "name one twice"),
        ({"nodes": 0}, "0 nodes cannot be tested"),
        ({"seed": 2**64}, "seed 18446744073709551616 is not"),
        ({"node_threshold": 0.0}, "no feature of the graph is left at thresholds 0 for nodes"),
    ],
)
def test_options_that_leave_nothing_to_test_are_refused(graph, adder, clt, options, says: str):
    with pytest.raises(MicrotomeError, match=says):
        verify(graph, adder, clt, VerifyOptions(**options))


def test_a_graph_without_features_is_refused(adder, clt):
    with pytest.raises(MicrotomeError, match="trace with more features"):
        verify(trace(adder, "36 + 59 =", clt, max_features=0), adder, clt)


def test_a_merged_graph_is_refused(graph: Graph, adder, clt):
    merged = merge([graph, trace(adder, "12 + 34 =", clt)]).graph
    with pytest.raises(MicrotomeError, match="merged from several prompts"):
        verify(merged, adder, clt)
