"""Heads in feature space, on heads whose weights were set to do what should be found."""

import pytest
import torch

from microtome.circuit.directions import (
    Directions,
    directions_before,
    readers_after,
    typical_activations,
)
from microtome.circuit.head_features import HeadFeatures, copy_suppression, head_features
from microtome.circuit.head_maps import AverageModel, average_model
from microtome.circuit.head_report import report_heads
from microtome.circuit.head_tokens import token_directions, token_suppression
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from microtome.model.frozen import freeze, sites_to_freeze
from microtome.model.queries_keys import freeze_queries_keys
from tests.circuit.dictionaries import tiny_dictionary
from tests.model.families import FAMILIES, HEADS, VOCABULARY, D, tiny_model, tokens


@pytest.mark.parametrize("family", FAMILIES)
def test_maps_at_one_position_are_the_frozen_models(family: str):
    """Averaged over two tokens of which the first is left out, norms are those of the second."""
    model = tiny_model(family)
    prompt = tokens(2)
    maps = average_model(model, [prompt]).heads(2)
    frozen = freeze(model, model.run(prompt, sites_to_freeze(model)))
    found = freeze_queries_keys(model, frozen, prompt, 2)
    layer = frozen.layers[2]
    x, y = torch.randn(2, D, dtype=torch.float64)
    for head in range(HEADS):
        query = found.queries.vectors(head, 1) @ x
        key = found.keys.vectors(found.key_head(head), 1) @ y
        score = (x @ maps.query[head]) @ (y @ maps.key[head])
        assert torch.allclose(score, query @ key * found.scaling, atol=1e-12)
        moved = (x @ maps.value[head]) @ maps.output[head]
        group = head // layer.attention.group
        expected = (x @ layer.attention.values[:, group]) @ layer.attention.output[head]
        scale = layer.attn_norm.scale[1] * layer.attn_post_norm.scale[1]
        assert torch.allclose(moved, expected * scale, atol=1e-12)


def rigged() -> tuple[LanguageModel, AverageModel, Directions]:
    """Head 2.1 of a model without norm weights reads dimensions 0 to 5 only, looks for what is
    equal, takes dimensions 0 to 2 away and copies 3 to 5; features are the axes of the stream."""
    model = tiny_model("llama")
    attn = model.blocks[2].get_submodule("self_attn")
    with torch.no_grad():
        norm = model.blocks[2].get_submodule("input_layernorm")
        torch.nn.init.ones_(norm.weight)  # pyright: ignore[reportArgumentType]
        eye = torch.eye(6, D, dtype=torch.float64)
        sign = torch.tensor([-1, -1, -1, 1, 1, 1.0], dtype=torch.float64)
        size = torch.tensor([3, 2, 2.5, 1, 0.5, 0.8], dtype=torch.float64)
        attn.get_submodule("q_proj").weight[6:12] = eye * size[:, None]  # pyright: ignore
        for name in ("k_proj", "v_proj"):  # heads 0 and 1 share the first key-value head
            attn.get_submodule(name).weight[:6] = eye  # pyright: ignore
        attn.get_submodule("o_proj").weight[:, 6:12] = eye.T * sign  # pyright: ignore
    index = torch.arange(D)
    features = Directions(
        index * 0, index, torch.eye(D, dtype=torch.float64) * (1 + index[:, None])
    )
    return model, average_model(model, [tokens()]), features


@pytest.fixture(scope="module")
def found() -> HeadFeatures:
    _, average, features = rigged()
    return head_features(average, features, 2, 1)


def test_what_is_read_and_what_lies_in_the_null_space(found: HeadFeatures):
    assert found.key_null.tolist() == [False] * 6 + [True] * (D - 6)
    assert found.query_null.tolist() == [False] * 6 + [True] * (D - 6)
    assert int(found.query_gain.argmax()) == 0
    # six equal directions of D are read D/6 times as strongly, in squares, as a random one
    assert found.key_gain[:6].tolist() == pytest.approx([(D / 6) ** 0.5] * 6)


def test_matches_and_copies(found: HeadFeatures):
    best = found.matches(6)
    assert {(i, j) for i, j, _ in best} == {(i, i) for i in range(6)}
    assert best[0][:2] == (5, 5)  # (index + 1)^2 times the query's size
    assert (found.copies[:3] < 0).all()
    assert (found.copies[3:6] > 0).all()
    assert not found.copies[6:].any()


def test_a_head_that_takes_away_what_it_looks_for_is_asymmetric(found: HeadFeatures):
    assert found.asymmetry.correlation < -0.5
    assert found.asymmetry.beyond_control
    assert (found.copy_suppression[:3] > 2).all()
    assert (found.copy_suppression[3:] < 1).all()


def test_a_random_head_is_within_its_control():
    model = tiny_model("llama")
    average = average_model(model)
    features = directions_before(model, tiny_dictionary(model, features=200), 2)
    inside = [
        not head_features(average, features, 2, head).asymmetry.beyond_control
        for head in range(HEADS)
    ]
    assert sum(inside) >= HEADS - 1


def test_directions_are_what_is_written_before_the_layer():
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model, "clt")
    before = directions_before(model, dictionary, 2)
    assert len(before) == 64
    expected = dictionary.decoders[0].weight[:, :2].sum(1)
    assert torch.allclose(before.vectors[:32], expected)
    assert torch.allclose(before.vectors[32:], dictionary.decoders[1].weight[:, 0])
    assert len(directions_before(model, dictionary, 0)) == 0
    active = typical_activations(model, dictionary, [tokens()])
    scaled = directions_before(model, dictionary, 1, active)
    assert len(scaled) == int((active[0] > 0).sum())
    codes = dictionary.encode([model.run(tokens(), [s])[s][0, 1:] for s in dictionary.reads])[0]
    feature = int(codes.features[0])
    mean = codes.values[codes.features == feature].mean()
    assert active[0][feature] == pytest.approx(float(mean))


def test_readers_are_encoders_behind_the_head():
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model, "plt")
    average = average_model(model, [tokens(2)])
    readers = readers_after(average, dictionary, 1)
    assert readers.encoder.unique().tolist() == [1, 2]
    norm = freeze(model, model.run(tokens(2), sites_to_freeze(model))).layers[2].mlp_norm
    expected = norm.fold_input(dictionary.encoders[2].weight[3]) * norm.scale[1]
    assert torch.allclose(readers.vectors[32 + 3], expected)


def test_token_suppression_finds_the_tokens_that_are_suppressed():
    """Embeddings and unembeddings are the same; the head looks for a token and takes it away."""
    generator = torch.Generator().manual_seed(0)
    d = torch.randn(200, 40, generator=generator)
    keys = torch.cat([d[:20], torch.randn(180, 40, generator=generator)])
    score = copy_suppression(d, keys, -keys, d)
    assert (score[:20] > 2).all()
    assert score[20:].mean() < 0
    assert (copy_suppression(d, keys, keys, d)[:20] < 0).all()


def test_tokens_alone_are_sums_of_their_features():
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model, "clt")
    average = average_model(model, [tokens()])
    some = torch.tensor([5, 9])
    alone = token_directions(average, dictionary, 2, some)
    inputs = [model.run(torch.tensor([[1, 9]]), [s])[s][0, 1:] for s in dictionary.reads]
    codes = dictionary.encode(inputs)
    expected = dictionary.decode(codes, 0) + dictionary.decode(codes, 1)
    assert alone.through_features is not None
    assert torch.allclose(alone.through_features[1], expected[0])
    raw, through = alone.similarity()
    assert raw.diagonal().tolist() == pytest.approx([1, 1])
    assert through is not None
    assert through[0, 1] != raw[0, 1]
    assert len(token_directions(average, dictionary, 2).tokens) == VOCABULARY
    assert token_directions(average, dictionary, 0).through_features is None
    scores = token_suppression(average.heads(2), 1, alone)
    assert scores.through_features is not None
    with pytest.raises(MicrotomeError, match="not in the vocabulary"):
        token_directions(average, dictionary, 2, torch.tensor([VOCABULARY]))


@pytest.mark.parametrize("family", ["gpt2", "gpt_neox", "gemma3", "olmo2"])
def test_reports_cover_every_head_of_a_family(family: str):
    model = tiny_model(family)
    reports = report_heads(model, tiny_dictionary(model, "clt"))
    assert [(r.layer, r.head) for r in reports] == [(i, h) for i in range(3) for h in range(HEADS)]
    assert reports[0].figures["asymmetry"] is None
    assert reports[-1].figures["features"] == 64


def test_a_head_that_is_not_there_is_refused():
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model)
    for only, said in (((2, 9), "has 4 heads"), ((7, 0), "has 3 layers"), ((0, 0), "no features")):
        with pytest.raises(MicrotomeError, match=said):
            report_heads(model, dictionary, only)
