"""The whole replacement model."""

from dataclasses import replace

import pytest
import torch

from microtome.errors import MicrotomeError
from microtome.evaluation import agreement, replaced
from microtome.evaluation.replacement import held_patterns
from microtome.model import Site
from tests.circuit.dictionaries import KINDS, tiny_dictionary
from tests.model.families import LAYERS, tiny_model, tokens


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", ["llama", "gemma2", "gpt_neox", "gpt2"])
def test_mlps_put_out_the_dictionarys_reconstruction(family: str, kind: str):
    model = tiny_model(family)
    dictionary = tiny_dictionary(model, kind)
    sites = [*dictionary.reads, *dictionary.writes]
    with replaced(model, dictionary):
        run = model.run(tokens(), sites)
    inputs = [run[site][0] for site in dictionary.reads]
    expected = dictionary.reconstruct(inputs)
    for layer, site in enumerate(dictionary.writes):
        assert torch.allclose(run[site][0, 1:], expected[layer][1:], atol=1e-10)


def test_position_0_keeps_the_models_own_output():
    model = tiny_model("llama")
    run = model.run(tokens(), ["blocks.0.mlp.out"])
    with replaced(model, tiny_dictionary(model)):
        changed = model.run(tokens(), ["blocks.0.mlp.out"])
    site = Site("mlp.out", 0)
    assert torch.allclose(run[site][:, 0], changed[site][:, 0])
    assert not torch.allclose(run[site][:, 1:], changed[site][:, 1:])


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


@pytest.mark.parametrize("read", ["mlp.normalized", "resid.mid"])
def test_inputs_that_cannot_be_edited_are_read_all_the_same(read: str):
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model, "clt", read=read)
    with replaced(model, dictionary):
        run = model.run(tokens(), [*dictionary.reads, *dictionary.writes])
    expected = dictionary.reconstruct([run[site][0] for site in dictionary.reads])
    for layer, site in enumerate(dictionary.writes):
        assert torch.allclose(run[site][0, 1:], expected[layer][1:], atol=1e-10)


def test_tokens_that_do_not_count_keep_the_models_own_output():
    model = tiny_model("llama")
    dictionary = replace(tiny_dictionary(model), skip_special=True)
    with pytest.raises(MicrotomeError, match="say which tokens count"), replaced(model, dictionary):
        pass
    counts = torch.ones(1, 9, dtype=torch.bool)
    counts[0, [0, 4]] = False
    plain = model.run(tokens(), ["blocks.0.mlp.out"])["blocks.0.mlp.out"]
    with replaced(model, dictionary, counts):
        changed = model.run(tokens(), ["blocks.0.mlp.out"])["blocks.0.mlp.out"]
    same = torch.isclose(plain, changed).all(-1)
    assert torch.equal(same, ~counts)


def test_frozen_attention_is_the_models_own():
    model = tiny_model("llama")
    seen = {}
    dictionary = tiny_dictionary(model)
    site = Site("attn.pattern", 1)
    plain = model.run(tokens(), [site])[site]
    for frozen in (False, True):
        edits = held_patterns(model, tokens()) if frozen else {}
        with replaced(model, dictionary):
            seen[frozen] = model.run(tokens(), [site], edits)[site]
    assert torch.equal(seen[True], plain)
    assert not torch.allclose(seen[False], plain)


def test_a_dictionary_that_reads_what_comes_later_has_no_replacement_model():
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model)
    later = replace(dictionary, reads=dictionary.reads[::-1])
    with pytest.raises(MicrotomeError, match="computed later"), replaced(model, later):
        model.run(tokens())


def test_edits_are_gone_afterwards():
    model = tiny_model("llama")
    plain = model.run(tokens()).logits
    with replaced(model, tiny_dictionary(model)):
        pass
    assert torch.equal(model.run(tokens()).logits, plain)
