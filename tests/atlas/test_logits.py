"""Promoted and suppressed logits against explicit products and the model itself."""

import numpy as np
import pytest
import torch

from microtome.atlas.logits import (
    decoder_vectors,
    feature_logits,
    final_stream,
    norm_scales,
    written_sites,
    written_vectors,
)
from microtome.dictionary import Activation, Decoder, Dictionary, Encoder
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel
from tests.circuit.dictionaries import tiny_dictionary
from tests.model.families import FAMILIES, tiny_model, tokens


def writing(model: LanguageModel, sites: tuple[str, ...], features: int = 6) -> Dictionary:
    """A random dictionary whose one encoder writes to some sites."""
    d = model.d_model
    return Dictionary(
        reads=sites,
        writes=sites,
        encoders=(Encoder(torch.randn(features, d * len(sites)), torch.zeros(features),
                          Activation("relu")),),
        decoders=(Decoder(torch.randn(features, len(sites), d), tuple(range(len(sites)))),),
        biases=tuple(torch.zeros(d) for _ in sites),
        sources=(tuple(range(len(sites))),),
    )  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_logits_are_the_derivative_of_the_models_own(family):
    """With the denominator held, a step along a decoder vector changes the logits by the value."""
    model = tiny_model(family)
    dictionary = tiny_dictionary(model, "clt", features=5)
    stream = model.run(tokens(), [final_stream(model)])[final_stream(model)][0]
    scale = float(norm_scales(model, stream)[-1])
    found = feature_logits(model, dictionary, 0, scale, k=model.d_vocab)
    assert found is not None
    vectors = written_vectors(dictionary, 0)
    assert vectors is not None
    explicit = dictionary.decoders[0].weight.sum(1)
    assert torch.allclose(vectors.double(), explicit)

    x = stream[-1:]
    norm = model.final_norm
    base, unembed = norm(x), model.unembed
    centred = explicit - explicit.mean(1, keepdim=True)
    step = centred if isinstance(norm, torch.nn.LayerNorm) else explicit
    # holding the denominator: (norm's output minus its bias) is linear in the numerator
    bias = getattr(norm, "bias", None)
    weight_row = (base - (0 if bias is None else bias)) / ((x - x.mean() if bias is not None
                  or isinstance(norm, torch.nn.LayerNorm) else x) * scale)  # fmt: skip
    logits = (step * weight_row * scale) @ unembed.weight
    logits = logits - logits.mean(1, keepdim=True)
    for feature in range(5):
        top_ids, top, bottom_ids, bottom = (part[feature] for part in found)
        by_id = np.empty(model.d_vocab)
        by_id[top_ids] = top
        assert np.allclose(by_id, logits[feature].detach().numpy(), atol=1e-5)
        assert (np.diff(top) <= 0).all() and (np.diff(bottom) >= 0).all()
        assert bottom_ids.tolist()[0] == top_ids.tolist()[-1]


@pytest.mark.parametrize("family", ["gpt2", "llama-tied", "gemma2"])
def test_the_ranking_is_that_of_a_small_step_in_the_model(family):
    """Add a little of the vector to the last block's output; soft-caps keep the order of tokens
    that start equal, so the derivative is compared before the cap."""
    model = tiny_model(family)
    dictionary = writing(model, (f"blocks.{model.n_layers - 1}.resid.post",), features=1)
    site = final_stream(model)
    prompt = tokens()
    stream = model.run(prompt, [site])[site][0]
    norm = model.final_norm
    scale = norm_scales(model, stream)[-1]
    vector = written_vectors(dictionary, 0)
    assert vector is not None
    # the part of the vector along which the denominator does not change to first order
    x = stream[-1].double()
    y = x - x.mean() if isinstance(norm, torch.nn.LayerNorm) else x
    v = vector[0].double()
    v = v - v.mean() if isinstance(norm, torch.nn.LayerNorm) else v
    v = v - (v @ y) / (y @ y) * y
    tangent = Dictionary(
        reads=dictionary.reads, writes=dictionary.writes, encoders=dictionary.encoders,
        decoders=(Decoder(v[None, None], (0,)),), biases=dictionary.biases,
    )  # fmt: skip
    found = feature_logits(model, tangent, 0, float(scale), k=model.d_vocab)
    assert found is not None
    eps = 1e-2  # RMSNorm computes in single precision
    with torch.no_grad():
        ends = [model.unembed.weight.T @ norm((x + s * eps * v)[None])[0] for s in (1, -1)]
    slope = (ends[0] - ends[1]) / (2 * eps)
    slope = slope - slope.mean()
    by_id = np.empty(model.d_vocab)
    by_id[found[0][0]] = found[1][0]
    assert np.allclose(by_id, slope.numpy(), atol=2e-3 * float(slope.abs().max()))


def test_chunks_do_not_change_the_result(monkeypatch):
    model = tiny_model("gpt2")
    dictionary = tiny_dictionary(model, "plt", features=20)
    whole = feature_logits(model, dictionary, 1, 0.7, k=4)
    monkeypatch.setattr("microtome.atlas.logits._NUMBERS_AT_ONCE", 3 * model.d_vocab)
    parts = feature_logits(model, dictionary, 1, 0.7, k=4)
    assert whole is not None and parts is not None
    for a, b in zip(whole, parts, strict=True):
        assert np.allclose(a, b)


def test_what_is_written_into_the_stream():
    model = tiny_model("gpt2")
    cases = {
        ("blocks.0.mlp.out", "blocks.1.mlp.out"): [0, 1],
        ("blocks.0.resid.post", "blocks.1.resid.post"): [1],
        ("blocks.1.resid.post", "blocks.1.mlp.out", "blocks.2.mlp.out"): [0, 2],
        ("blocks.1.resid.mid", "blocks.1.attn.out", "blocks.1.mlp.out"): [0, 2],
        ("blocks.0.attn.head.out",): [],
        ("blocks.0.mlp.in",): [],
        ("final", "blocks.0.mlp.out"): [0],
        ("blocks.0.resid.post", "other:blocks.1.resid.post"): [0],
    }
    for sites, expected in cases.items():
        dictionary = writing(model, sites)
        assert written_sites(dictionary, tuple(range(len(sites)))) == expected, sites


def test_dictionaries_beside_the_stream_have_no_logits_but_vectors():
    model = tiny_model("llama")
    dictionary = writing(model, ("blocks.0.attn.head.out",))
    assert feature_logits(model, dictionary, 0, 1.0) is None
    assert decoder_vectors(dictionary, 0).shape == (6, model.d_model)


def test_features_behind_the_norm_read_the_unembedding_itself():
    model = tiny_model("llama")
    dictionary = writing(model, ("final",))
    found = feature_logits(model, dictionary, 0, 123.0, k=model.d_vocab)
    assert found is not None
    logits = dictionary.decoders[0].weight[:, 0].double() @ model.unembed.weight.detach()
    best = (logits - logits.mean(1, keepdim=True)).max(1).values
    assert np.allclose(found[1][:, 0], best.numpy(), atol=1e-5)


def test_another_width_is_refused():
    model = tiny_model("llama")
    small = Dictionary(
        reads=("blocks.0.mlp.in",), writes=("blocks.0.mlp.out",),
        encoders=(Encoder(torch.randn(3, 8), torch.zeros(3), Activation("relu")),),
        decoders=(Decoder(torch.randn(3, 1, 8), (0,)),), biases=(torch.zeros(8),),
    )  # fmt: skip
    with pytest.raises(MicrotomeError, match="width 8"):
        feature_logits(model, small, 0, 1.0)


def test_norm_scales_are_inverse_denominators():
    model = tiny_model("gpt2")
    x = torch.randn(4, model.d_model, dtype=torch.float64)
    expected = (x.var(1, unbiased=False) + model.final_norm.eps).rsqrt()
    assert torch.allclose(norm_scales(model, x), expected)
