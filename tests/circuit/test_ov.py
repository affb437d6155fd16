"""Parts of an edge sum to it; with one head left, that head carries what is not direct."""

from dataclasses import replace

import pytest
import torch

from microtome.circuit import (
    FeatureTarget,
    LogitDifference,
    build_replacement,
    prune,
    trace,
)
from microtome.circuit.graph import Graph
from microtome.circuit.head_table import heads_of_graph
from microtome.circuit.ov import head_split
from microtome.circuit.replacement import LocalReplacement
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from tests.circuit.dictionaries import KINDS, tiny_dictionary
from tests.model.families import FAMILIES, HEADS, LAYERS, tiny_model, tokens


def traced(
    family: str, kind: str = "plt", targets=()
) -> tuple[LanguageModel, LocalReplacement, Graph]:
    model = tiny_model(family)
    dictionary = tiny_dictionary(model, kind)
    replacement = build_replacement(model, dictionary, tokens())
    return model, replacement, trace(model, tokens(), dictionary, targets)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_parts_sum_to_every_edge(family: str, kind: str):
    model, replacement, graph = traced(family, kind)
    table = heads_of_graph(model, replacement, graph)
    assert table.residual <= 1e-9
    assert table.n_edges == int((graph.edges != 0).sum())
    assert float(table.share.sum()) + table.direct_share == pytest.approx(1)
    assert float(table.influence.sum()) + table.direct_influence == pytest.approx(1)
    assert float(table.signed.sum()) + table.direct == pytest.approx(float(graph.edges.sum()))


@pytest.mark.parametrize("family", ["gpt2", "gpt_neox", "gemma2", "olmo2"])
def test_single_edges_are_split_as_the_table_has_them(family: str):
    model, replacement, graph = traced(family, "skip")
    order = graph.edges.abs().flatten().argsort(descending=True)[:300:20].tolist()
    for flat in order:
        row, column = divmod(flat, len(graph.columns))
        target, source = int(graph.rows[row]), int(graph.columns[column])
        split = head_split(model, replacement, graph, target, source)
        assert split.edge == float(graph.edges[row, column])
        assert abs(split.total - split.edge) <= 1e-9 * abs(split.edge)
        only = torch.zeros_like(graph.edges, dtype=torch.bool)
        only[row, column] = True
        one = replace(prune(graph), edges=only)
        signed = heads_of_graph(model, replacement, one).signed
        assert torch.allclose(signed, split.heads.sum(-1), atol=1e-12)


def test_a_head_carries_what_is_lost_with_its_output():
    """With every layer's attention but one head of the last at zero, that head's part is what the
    edge is more than direct, on a model whose weights say so."""
    model = tiny_model("llama")
    with torch.no_grad():
        for layer, block in enumerate(model.blocks):
            weight = block.get_submodule("self_attn.o_proj").weight
            assert isinstance(weight, torch.Tensor)
            keep = weight[:, 6:12].clone()
            weight.zero_()
            if layer == LAYERS - 1:
                weight[:, 6:12] = keep
    dictionary = tiny_dictionary(model, "plt")
    replacement = build_replacement(model, dictionary, tokens())
    graph = trace(model, tokens(), dictionary)
    logit, token = int(graph.nodes.where("logit")[0]), int(graph.nodes.where("token")[3])
    split = head_split(model, replacement, graph, logit, token)
    carried = split.top()
    assert [(c.layer, c.head, c.key) for c in carried] == [(LAYERS - 1, 1, 3)]
    assert split.direct == 0
    assert carried[0].value == pytest.approx(split.edge)


def test_layers_above_a_target_and_keys_behind_it_carry_nothing():
    model, replacement, graph = traced("llama", "clt", FeatureTarget(1, 3, 5))
    target = int(graph.rows[0])
    for source in graph.nodes.where("token").tolist() + graph.nodes.where("bias").tolist():
        split = head_split(model, replacement, graph, target, source)
        assert split.heads.shape == (LAYERS, HEADS, 9)
        assert not split.heads[2:].any()
        assert not split.heads[:, :, 6:].any()
        assert abs(split.total - split.edge) <= 1e-9 * float(graph.mass[0])


def test_directions_are_given_again_and_bad_nodes_refused():
    difference = LogitDifference(3, 4)
    model, replacement, graph = traced("llama", targets=difference)
    target, source = int(graph.rows[0]), int(graph.nodes.where("token")[2])
    split = head_split(model, replacement, graph, target, source, [difference])
    assert split.total == pytest.approx(split.edge)
    with pytest.raises(MicrotomeError, match="give it in `directions`"):
        head_split(model, replacement, graph, target, source)
    with pytest.raises(MicrotomeError, match="have no edge"):
        head_split(model, replacement, graph, source, target)
    other = build_replacement(model, replacement.dictionary, tokens(5))
    with pytest.raises(MicrotomeError, match="different prompts"):
        heads_of_graph(model, other, graph, [difference])


def test_another_prompt_and_nodes_beyond_are_refused():
    model, replacement, graph = traced("llama")
    target, source = int(graph.rows[-1]), int(graph.columns[0])
    with pytest.raises(MicrotomeError, match="node 99999 is not in a graph of"):
        head_split(model, replacement, graph, 99999, source)
    other = build_replacement(model, tiny_dictionary(model), tokens(5))
    with pytest.raises(MicrotomeError, match="different prompts"):
        head_split(model, other, graph, target, source)
