"""Dictionaries that every format can name the sites of, and what each format holds."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from microtome.dictionary import Activation, Decoder, Dictionary, Encoder
from microtome.dictionary.formats import save_as
from microtome.errors import MicrotomeError

D, F, LAYERS = 5, 12, 3
ACTIVATIONS = {
    "relu": Activation("relu"),
    "jumprelu": Activation("jumprelu", threshold=torch.linspace(-0.3, 0.7, F)),
    "topk": Activation("topk", k=4),
    "batchtopk": Activation("batchtopk", k=4, threshold=torch.tensor(0.5)),
    "batchtopk without k": Activation("batchtopk", threshold=torch.tensor([0.5])),
}
KINDS = ("sae", "plt", "skip", "clt", "skip clt")
NO_TOPK = ("relu", "jumprelu", "batchtopk", "batchtopk without k")
HOLDS = {
    "microtome": set(itertools.product(KINDS, ACTIVATIONS)),
    "saelens": {("sae", "topk"), *itertools.product(("sae", "plt", "skip"), NO_TOPK)},
    "sparsify": {("sae", "topk"), ("plt", "topk"), ("skip", "topk")},
    "dictionary_learning": set(itertools.product(("sae",), ACTIVATIONS)),
    "circuit-tracer": {
        *itertools.product(("plt", "skip"), ACTIVATIONS),
        *itertools.product(("clt",), NO_TOPK),
    },
    "gemma-scope": set(itertools.product(("sae", "plt"), NO_TOPK)),
    "gemma-scope-2": set(itertools.product(KINDS, NO_TOPK)),
}
"""Kinds and activation functions that each format holds."""


def sample(kind: str = "sae", activation: str = "jumprelu", d_out: int = D) -> Dictionary:
    """A random dictionary of every layer, between sites that every format can name."""
    layers = range(LAYERS)
    reads = tuple(f"blocks.{i}.{'resid.post' if kind == 'sae' else 'mlp.in'}" for i in layers)
    targets = [tuple(range(i, LAYERS)) if "clt" in kind else (i,) for i in layers]
    return Dictionary(
        reads=reads,
        writes=reads if kind == "sae" else tuple(f"blocks.{i}.mlp.out" for i in layers),
        encoders=tuple(
            Encoder(torch.randn(F, D), torch.randn(F) * 0.3, ACTIVATIONS[activation])
            for _ in layers
        ),
        decoders=tuple(Decoder(torch.randn(F, len(t), d_out), t) for t in targets),
        biases=tuple(torch.randn(d_out) for _ in layers),
        skips=tuple(torch.randn(D, d_out) if "skip" in kind else None for _ in layers),
        model="0123456789abcdef",
        name="sample",
    )


def only(d: Dictionary, layer: int) -> Dictionary:
    """One layer of an SAE or PLT."""
    at = slice(layer, layer + 1)
    return replace(
        d,
        reads=d.reads[at],
        writes=d.writes[at],
        encoders=d.encoders[at],
        decoders=(Decoder(d.decoders[layer].weight, (0,)),),
        biases=d.biases[at],
        skips=d.skips[at],
        sources=(),
    )


def refused(d: Dictionary, path: Path, to: str, says: str, **options) -> None:
    with pytest.raises(MicrotomeError, match=says) as caught:
        save_as(d, path, to, **options)
    assert "\n" not in str(caught.value)


def files(folder: Path) -> list[str]:
    return sorted(f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file())
