"""A prompt continued twice."""

import pytest
import torch

from microtome.errors import MicrotomeError
from microtome.intervention import Features, Generation, Intervention, generate, steer
from microtome.intervention.generate import activations_on
from tests.circuit.dictionaries import tiny_dictionary
from tests.model.families import tiny_model, tokens

HOW = Generation(max_new_tokens=8, temperature=1.0, seed=5)


def test_both_texts_and_the_features_on_them():
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model, "clt")
    changed = [Intervention(what=Features.of((0, 1), (1, 2)), how="add", value=20.0)]
    seen: list[tuple[str, int]] = []
    found = steer(
        model, tokens(), changed, dictionary, HOW, lambda which, token: seen.append((which, token))
    )
    plain = model.generate(tokens(), 8, 1.0, 5)
    steered = generate(model, tokens(), changed, dictionary, 8, 1.0, 5)
    assert found.default.tokens == tuple(plain[0].tolist())
    assert found.steered.tokens == tuple(steered[0].tolist())
    assert not found.same
    assert found.features == ((0, 1), (1, 2))
    expected = [("default", t) for t in found.default.tokens[9:]]
    assert seen == expected + [("steered", t) for t in found.steered.tokens[9:]]
    on_steered = activations_on(model, steered, found.features, dictionary, changed, 9)
    assert [list(row) for row in found.steered.steered] == on_steered
    assert [list(row) for row in found.steered.plain] == activations_on(
        model, steered, found.features, dictionary
    )
    assert found.steered.plain[0] == found.steered.steered[0]  # read before anything changed
    assert found.steered.plain[1] != found.steered.steered[1]


@pytest.mark.parametrize("way", [("add", 0.0), ("scale", 1.0)])
def test_nothing_changed_is_the_same_text(way):
    model = tiny_model("gpt2")
    off = Intervention(what=Features.of((0, 1)), how=way[0], value=way[1])
    found = steer(model, tokens(), [off], tiny_dictionary(model), HOW)
    assert found.same
    assert found.default.plain == found.steered.steered


def test_what_is_not_there_is_refused_before_anything_is_generated():
    model = tiny_model("gpt2")
    seen: list[int] = []
    far = Intervention(what=Features.of((0, 1)), how="ablate", positions=(9,))
    with pytest.raises(MicrotomeError, match="position 9 is not in a prompt of 9 tokens"):
        steer(
            model,
            tokens(),
            [far],
            tiny_dictionary(model),
            HOW,
            lambda which, token: seen.append(token),
        )
    assert not seen


def test_heads_alone_need_no_dictionary():
    from microtome.intervention import Head

    model = tiny_model("gpt2", torch.float32)
    gone = [Intervention(what=Head(layer=i, head=h), how="ablate") for i in (0, 1) for h in (0, 1)]
    found = steer(model, tokens(), gone, None, HOW)
    assert found.features == () and found.default.plain == ()
