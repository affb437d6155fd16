"""The whole replacement model."""

import pytest
import torch

from microtome.evaluation import agreement, replacement_edits
from microtome.model import Site
from tests.circuit.dictionaries import KINDS, tiny_dictionary
from tests.model.families import LAYERS, tiny_model, tokens


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", ["llama", "gemma2", "gpt_neox", "gpt2"])
def test_mlps_put_out_the_dictionarys_reconstruction(family: str, kind: str):
    model = tiny_model(family)
    dictionary = tiny_dictionary(model, kind)
    sites = [*dictionary.reads, *dictionary.writes]
    run = model.run(tokens(), sites, replacement_edits(model, dictionary))
    inputs = [run[site][0] for site in dictionary.reads]
    expected = dictionary.reconstruct(inputs)
    for layer, site in enumerate(dictionary.writes):
        assert torch.allclose(run[site][0, 1:], expected[layer][1:], atol=1e-10)


def test_position_0_keeps_the_models_own_output():
    model = tiny_model("llama")
    run = model.run(tokens(), ["blocks.0.mlp.out"])
    edits = replacement_edits(model, tiny_dictionary(model))
    replaced = model.run(tokens(), ["blocks.0.mlp.out"], edits)
    site = Site("mlp.out", 0)
    assert torch.allclose(run[site][:, 0], replaced[site][:, 0])
    assert not torch.allclose(run[site][:, 1:], replaced[site][:, 1:])


def test_agreement_is_one_with_a_perfect_dictionary_and_lower_with_a_random_one():
    model = tiny_model("llama")
    random = tiny_dictionary(model)
    blocks = [tokens(9, seed) for seed in range(8)]
    same = agreement(model, random, blocks)
    assert same.shape == (72,)
    assert same.double().mean() < 0.9
    with torch.no_grad():
        for layer in range(LAYERS):
            model.blocks[layer].mlp.down_proj.weight.zero_()
            model.blocks[layer].mlp.down_proj.bias.copy_(random.biases[layer])
    for decoder in random.decoders:
        decoder.weight.zero_()
    assert bool(agreement(model, random, blocks).all())
