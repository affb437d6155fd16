from dataclasses import replace

import pytest
import torch

from microtome.dictionary import Activation, Decoder
from microtome.errors import MicrotomeError
from tests.dictionary.samples import D_IN, FEATURES, KINDS, LAYERS, dictionary, inputs


@pytest.mark.parametrize("kind", KINDS)
def test_kind_follows_from_sites_and_targets(kind):
    assert dictionary(kind).kind == {"skip": "plt"}.get(kind, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_reconstruction_is_the_dense_sum(kind):
    d, xs = dictionary(kind), inputs()
    for target, found in enumerate(d.reconstruct(xs)):
        expected = d.biases[target].expand(len(xs[0]), -1)
        for x, encoder, decoder in zip(xs, d.encoders, d.decoders, strict=True):
            pre = x @ encoder.weight.T + encoder.bias
            codes = pre * (pre > encoder.activation.threshold) * (pre > 0)
            if target in decoder.targets:
                expected = expected + codes @ decoder.weight[:, decoder.targets.index(target)]
        skip = d.skips[target]
        expected = expected if skip is None else expected + xs[target] @ skip
        torch.testing.assert_close(found, expected)


def test_codes_given_are_used_instead_of_the_encoders():
    d, xs = dictionary("plt"), inputs()
    none = [codes.without_rows(list(range(codes.n_rows))) for codes in d.encode(xs)]
    for found, bias in zip(d.reconstruct(xs, none), d.biases, strict=True):
        assert torch.equal(found, bias.expand_as(found))


def test_decoder_rows_take_the_dtype_of_the_computation():
    weight = torch.randn(FEATURES, 2, D_IN).bfloat16()
    decoder = Decoder(weight, (1, 2))
    rows = decoder.rows(torch.tensor([3, 0, 3]), 2, torch.empty(0, dtype=torch.float64))
    assert torch.equal(rows, weight[[3, 0, 3], 1].double())


def test_moving_leaves_the_decoders_alone():
    d = dictionary("skip")
    moved = d.to("cpu", torch.float64)
    assert all(a is b for a, b in zip(d.decoders, moved.decoders, strict=True))
    assert moved.encoders[0].weight.dtype == torch.float64
    threshold, skip = moved.encoders[0].activation.threshold, moved.skips[0]
    assert threshold is not None and threshold.dtype == torch.float64
    assert skip is not None and skip.dtype == torch.float64
    xs = inputs()
    for found, expected in zip(
        moved.reconstruct([x.double() for x in xs]), d.reconstruct(xs), strict=True
    ):
        torch.testing.assert_close(found.float(), expected)


def test_the_fingerprint_is_that_of_the_weights():
    d = dictionary("skip")
    assert replace(d, name="other", info={"a": 1}).fingerprint == d.fingerprint
    first = d.encoders[0]
    raised = Activation("jumprelu", threshold=torch.full((FEATURES,), 9.0))
    changed = (
        replace(d, encoders=(replace(first, weight=first.weight + 1), *d.encoders[1:])),
        replace(d, encoders=(replace(first, activation=raised), *d.encoders[1:])),
        replace(d, biases=(d.biases[0] + 1, *d.biases[1:])),
        replace(d, skips=(None, *d.skips[1:])),
    )
    assert len({d.fingerprint, *(c.fingerprint for c in changed)}) == len(changed) + 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"reads": (), "encoders": (), "decoders": ()}, "reads no site"),
        ({"reads": ("a", "b")}, "expected each of the 2 sites"),
        ({"writes": ("a",)}, "writes 1 sites but has 3 b_dec"),
        ({"biases": (torch.zeros(9),) * LAYERS}, r"b_dec has shape \(9,\), expected \(4,\)"),
        ({"skips": (torch.zeros(9, 4), None, None)}, r"skip to blocks.0.mlp.out has shape"),
        (
            {"decoders": (Decoder(torch.zeros(FEATURES, 1, 4), (LAYERS,)),) * LAYERS},
            "expected indices below 3",
        ),
        (
            {"decoders": (Decoder(torch.zeros(FEATURES + 1, 1, 4), (0,)),) * LAYERS},
            "the decoder at blocks.0.mlp.in has shape",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused(change, says):
    with pytest.raises(MicrotomeError, match=says):
        replace(dictionary("plt"), **change)


def test_a_threshold_of_another_length_is_refused():
    with pytest.raises(MicrotomeError, match=r"threshold at blocks.0.mlp.in has shape \(3,\)"):
        dictionary("plt", Activation("jumprelu", threshold=torch.zeros(3)))
