"""The replacement model run forward: the edges again, and what live norms make of them."""

import pytest
import torch

from microtome.circuit import trace
from microtome.circuit.verify import Change, bench, predict
from microtome.circuit.verify.simulate import simulate
from microtome.intervention import Mode
from tests.circuit.dictionaries import KINDS, tiny_dictionary
from tests.model.families import FAMILIES, LAYERS, tiny_model, tokens


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_with_norms_frozen_it_is_what_the_edges_say(family: str, kind: str):
    model = tiny_model(family)
    dictionary = tiny_dictionary(model, kind)
    graph = trace(model, tokens(), dictionary)
    tested, nodes = bench(graph, model, dictionary), graph.nodes
    some = [*nodes.where("feature")[::9].tolist(), *nodes.where("token").tolist()]
    some += nodes.where("error")[::5].tolist()
    shares = tested.shares([Change((node,), share) for node in some for share in (-1.0, 0.5)])
    said = predict(graph, shares)
    assert (simulate(tested, shares, "frozen") - said).abs().max() <= 1e-9 * said.abs().max()
    assert (simulate(tested, shares) - said).abs().max() > 1e-3 * said.abs().max()


@pytest.mark.parametrize("family", FAMILIES)
def test_with_norms_live_it_is_what_the_model_does_while_mlps_are_held(family: str):
    """A graph without features: tokens and errors reach the answer, and norms follow."""
    model = tiny_model(family)
    if model.adapter.attn_post_norm:
        pytest.skip("the norm behind attention stays frozen in a simulation")
    dictionary = tiny_dictionary(model, "plt")
    graph = trace(model, tokens(), dictionary, max_features=0)
    tested, nodes = bench(graph, model, dictionary), graph.nodes
    some = [*nodes.where("token").tolist(), *nodes.where("error").tolist()]
    changes = [Change((node,), share) for node in some for share in (-1.0, 0.5)]
    mode = Mode(attention="frozen", constrained=(0, LAYERS - 1))
    measured = tested.measure(changes, mode)
    difference = simulate(tested, tested.shares(changes)) - measured
    exact = isinstance(model.final_norm, torch.nn.LayerNorm)  # transformers' RMSNorm is in float32
    assert difference.abs().max() <= (1e-9 if exact else 1e-6) * measured.abs().max()
