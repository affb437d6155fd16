"""What a format cannot hold is refused by name, before anything is written."""

from dataclasses import replace

import pytest
import torch

from microtome.dictionary import Activation, Decoder, Dictionary, Encoder
from microtome.dictionary.formats import FORMATS
from tests.dictionary.formats.layers import LAYERS, D, F, only, refused, sample


@pytest.mark.parametrize("to", [name for name in FORMATS if name != "microtome"])
def test_crosscoders_are_refused(tmp_path, to):
    d = sample("sae", "topk" if to == "sparsify" else "relu")
    every = tuple(range(LAYERS))
    writing = replace(
        d, decoders=tuple(Decoder(torch.randn(F, LAYERS, D), every) for _ in d.decoders)
    )
    reading = replace(
        d,
        encoders=(replace(d.encoders[0], weight=torch.randn(F, LAYERS * D)),),
        decoders=(Decoder(torch.randn(F, LAYERS, D), every),),
        sources=(every,),
    )
    for crosscoder in (writing, reading):
        refused(crosscoder, tmp_path / "d", to, f"{to} holds .* only; sample is a crosscoder")


def only_first_target(d: Dictionary) -> Dictionary:
    decoders = (Decoder(d.decoders[0].weight[:, :2], (0, 1)), *d.decoders[1:])
    return replace(d, decoders=decoders)


def of_another_width(d: Dictionary) -> Dictionary:
    first = d.encoders[0]
    narrow = Encoder(first.weight[:8], first.bias[:8], Activation("relu"))
    decoder = Decoder(d.decoders[0].weight[:8], d.decoders[0].targets)
    return replace(d, encoders=(narrow, *d.encoders[1:]), decoders=(decoder, *d.decoders[1:]))


def of_two_activations(d: Dictionary) -> Dictionary:
    first = replace(d.encoders[0], activation=Activation("topk", k=2))
    return replace(d, encoders=(first, *d.encoders[1:]))


def in_reverse(d: Dictionary) -> Dictionary:
    return replace(d, reads=d.reads[::-1], writes=d.writes[::-1])


@pytest.mark.parametrize(
    ("to", "d", "says"),
    [
        ("circuit-tracer", only_first_target(sample("clt", "relu")), "to 2 of 3"),
        ("gemma-scope-2", only_first_target(sample("clt", "relu")), "to 2 of 3"),
        ("circuit-tracer", of_another_width(sample("plt", "relu")), "has 8, 12, 12"),
        ("circuit-tracer", of_two_activations(sample("plt", "relu")), "one activation function"),
        (
            "circuit-tracer",
            only(sample("plt", "relu"), 1),
            "every layer from 0 on.*blocks.1.mlp.in",
        ),
        ("circuit-tracer", sample("plt", "relu", d_out=4), "reads 5 and writes 4"),
        ("sparsify", sample("plt", "topk", d_out=4), "reads 5 and writes 4"),
        ("sparsify", of_two_activations(sample("sae", "relu")), "TopK dictionaries only; .* ReLU"),
        ("saelens", in_reverse(sample("sae", "relu")), "in order of layer; sample reads blocks.2"),
        ("gemma-scope", in_reverse(sample("sae", "relu")), "in order of layer"),
        (
            "sparsify",
            replace(sample("plt", "topk"), reads=tuple(f"blocks.{i}.resid.mid" for i in range(3))),
            "an MLP or an attention; sample reads blocks.0.resid.mid and writes blocks.0.mlp.out",
        ),
        (
            "gemma-scope",
            replace(sample("plt", "relu"), reads=("blocks.0.mlp.in", "blocks.1.a", "blocks.1.b")),
            "one site in a layer",
        ),
        (
            "saelens",
            replace(sample("plt", "relu"), reads=("embed", "blocks.1.a", "blocks.1.b")),
            "one site in a folder",
        ),
    ],
)
def test_what_a_format_has_no_place_for(tmp_path, to, d, says):
    refused(d, tmp_path / "d", to, says)
    assert not any(tmp_path.iterdir())


def test_crossed_sites_are_refused(tmp_path):
    d = replace(sample("plt", "relu"), sources=((1,), (0,), (2,)))
    refused(d, tmp_path / "d", "saelens", "an encoder for each site; sample has them crossed")


@pytest.mark.parametrize("to", ["saelens", "dictionary_learning"])
@pytest.mark.parametrize("name", ["blocks.1./../../../out", "blocks.1.a/b", "blocks.1.a\0"])
def test_a_site_cannot_lead_out_of_the_folder(tmp_path, to, name):
    reads = ("blocks.0.resid.post", name, "blocks.2.resid.post")
    d = replace(sample("sae", "relu"), reads=reads, writes=reads)
    refused(d, tmp_path / "d", to, "holds folders named after sites; sample has a site named")
    assert not any(tmp_path.iterdir())
