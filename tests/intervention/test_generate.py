"""Steering: what is generated under interventions."""

import pytest
import torch
from jaxtyping import config

from microtome.errors import MicrotomeError
from microtome.intervention import Direction, Features, Head, Intervention, generate
from microtome.intervention.generate import activations_on
from tests.circuit.dictionaries import KINDS, tiny_dictionary
from tests.model.families import FAMILIES, tiny_model, tokens

STEER = [
    Intervention(what=Features.of((0, 1), (1, 2)), how="add", value=4.0),
    Intervention(what=Features.of((2, 7)), how="clamp", value=3.0, positions="generated"),
    Intervention(what=Head(layer=1, head=0), how="ablate", positions="last"),
    Intervention(
        what=Direction(site="blocks.1.resid.post", vector=(0.3,) * 24),
        how="add",
        value=1.0,
        positions="prompt",
    ),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_cache_changes_nothing(family: str, kind: str):
    model = tiny_model(family)
    dictionary = tiny_dictionary(model, kind)
    for temperature in (0.0, 1.0):
        cached, whole = (
            generate(model, tokens(), STEER, dictionary, 12, temperature, 3, use_cache=use_cache)
            for use_cache in (True, False)
        )
        assert torch.equal(cached, whole)


@pytest.mark.parametrize("family", FAMILIES)
def test_zero_is_the_unsteered_text_and_more_is_not(family: str):
    model = tiny_model(family)
    dictionary = tiny_dictionary(model)
    plain = model.generate(tokens(), 12, 1.0, 5)
    texts = []
    for value in (0.0, 30.0):
        steer = Intervention(what=Features.of((0, 1)), how="add", value=value)
        texts.append(generate(model, tokens(), [steer], dictionary, 12, 1.0, 5))
    assert torch.equal(texts[0], plain)
    assert not torch.equal(texts[1], plain)
    assert torch.equal(generate(model, tokens(), [], None, 12, 1.0, 5), plain)


def test_generated_tokens_alone_leave_the_first_new_token():
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model)
    late = Intervention(what=Features.of((0, 1)), how="add", value=50.0, positions="generated")
    plain, steered = model.generate(tokens(), 8), generate(model, tokens(), [late], dictionary, 8)
    assert torch.equal(plain[:, :10], steered[:, :10])
    assert not torch.equal(plain, steered)


def test_tokens_come_as_they_are_made():
    model = tiny_model("gpt2")
    seen: list[int] = []
    out = generate(
        model, tokens(), STEER, tiny_dictionary(model), 6, on_token=lambda t: seen.append(int(t[0]))
    )
    assert seen == out[0, 9:].tolist()


def test_activations_under_steering():
    model = tiny_model("llama")
    dictionary = tiny_dictionary(model, "plt")
    steer = Intervention(what=Features.of((0, 1)), how="add", value=4.0, positions="generated")
    text = generate(model, tokens(), [steer], dictionary, 6)
    features = [(0, 1), (2, 5)]
    plain = activations_on(model, text, features, dictionary)
    steered = activations_on(model, text, features, dictionary, [steer], 9)
    codes = dictionary.encode([model.run(text, dictionary.reads)[r][0] for r in dictionary.reads])
    assert torch.allclose(torch.tensor(plain[1], dtype=torch.float64), codes[2].dense()[:, 5])
    assert plain[0] == steered[0]  # read before it is changed, in the first layer
    assert plain[1][:9] == steered[1][:9]
    assert plain[1] != steered[1] or not any(plain[1][9:])


def test_a_position_after_the_prompt_is_refused():
    model = tiny_model("llama")
    far = Intervention(what=Features.of((0, 1)), how="ablate", positions=(9,))
    with pytest.raises(MicrotomeError, match="position 9 is not in a prompt of 9 tokens"):
        generate(model, tokens(), [far], tiny_dictionary(model))
    near = far.model_copy(update={"positions": "all"})
    with pytest.raises(MicrotomeError, match="name one"):
        generate(model, tokens(), [near])


def test_a_text_of_what_is_no_number_is_refused():
    model = tiny_model("llama", torch.float32)
    huge = Intervention(what=Features.of((0, 3)), how="clamp", value=1e39)
    for temperature in (0.0, 1.0):
        with pytest.raises(MicrotomeError, match="not finite under the interventions"):
            generate(model, tokens(), [huge], tiny_dictionary(model), 4, temperature)


def test_a_patch_of_generated_tokens_changes_none():
    model = tiny_model("llama")
    patch = Intervention(
        what=Features.of((0, 3)), how="patch", source=(3, 4, 5), positions="generated"
    )
    text = generate(model, tokens(), [patch], tiny_dictionary(model), 4)
    assert torch.equal(text, model.generate(tokens(), 4))


def test_two_prompts_at_once_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(config, "jaxtyping_disable", True)  # it refuses them too
    with pytest.raises(MicrotomeError, match="one prompt, not on 2"):
        generate(tiny_model("llama"), tokens().expand(2, -1), [])
