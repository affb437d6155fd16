"""The exact PLT: no error, no doubt what its features write, and a circuit that comes out whole."""

import pytest
import torch

from microtome.errors import MicrotomeError
from microtome.model import Site
from microtome.specimen.compiled import compile_program
from microtome.specimen.score.compiled import Circuit
from microtome.specimen.score.exact import neurons_plt
from microtome.specimen.score.traced import answer_graph, answered_prompts, judge_dictionary
from microtome.specimen.score.written import features_writing, subspace


def test_it_reconstructs_without_error(circuit: Circuit):
    model = compile_program("reverse").language_model()
    model.hf.double()
    plt = neurons_plt(model)
    run = model.run(torch.tensor(circuit.inputs.tokens[:40]), [*plt.reads, *plt.writes])
    x = [run[site].flatten(0, 1) for site in plt.reads]
    for site, back in zip(plt.writes, plt.reconstruct(x), strict=True):
        y = run[Site.parse(site)].flatten(0, 1)
        fvu = (y - back).square().sum() / (y - y.mean(0)).square().sum()
        assert y.dtype == torch.float64
        assert float(fvu) < 1e-10


def test_its_graphs_have_no_errors_of_weight_and_find_the_circuit(circuit: Circuit):
    plt = neurons_plt(circuit.model)
    prompts = answered_prompts(circuit.inputs, 3, 0)
    graph = answer_graph(circuit, prompts[0], plt)
    assert graph.scores.completeness > 0.999
    errors = graph.edges[:, graph.nodes.where("error")].abs().sum(1)
    assert float((errors / graph.mass).max()) < 1e-3
    found, shuffled = judge_dictionary(circuit, plt, prompts, 0)
    assert found == {"auroc": 1.0, "auroc_shown": 1.0, "matched": 1.0, "variables": 1.0}
    assert shuffled["auroc"] == pytest.approx(0.5, abs=0.1)


def test_a_neuron_writes_the_variable_of_its_decoder(circuit: Circuit):
    plt = neurons_plt(circuit.model)
    meanings = features_writing(circuit.model, plt, circuit.truth, circuit.tensors)
    names = {
        layer: {v for (at, _), v in meanings.variables.items() if at == layer} for layer in (0, 1)
    }
    assert names == {0: {"source"}, 1: {"next"}}
    directions = circuit.tensors["directions.next"]
    basis = subspace(directions)
    torch.testing.assert_close(basis @ basis.T, torch.eye(len(basis)))
    centred = (directions - directions.mean(0)).float()
    torch.testing.assert_close(centred @ basis.T @ basis, centred, rtol=0, atol=1e-5)


def test_directions_of_another_width_are_refused(circuit: Circuit):
    narrow = dict(circuit.tensors) | {"directions.next": circuit.tensors["directions.next"][:, 1:]}
    with pytest.raises(MicrotomeError, match=r"has directions of width \d+ for 'next'"):
        features_writing(circuit.model, neurons_plt(circuit.model), circuit.truth, narrow)


def test_other_mlps_are_refused():
    llama = compile_program("reverse", family="llama").language_model()
    with pytest.raises(MicrotomeError, match="not linear, ReLU, linear"):
        neurons_plt(llama)
    gelu = compile_program("reverse").language_model()
    gelu.hf.get_submodule("transformer.h.1.mlp").act = torch.nn.GELU()
    with pytest.raises(MicrotomeError, match="the MLP of layer 1"):
        neurons_plt(gelu)
