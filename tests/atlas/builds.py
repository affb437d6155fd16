"""Tiny models and dictionaries for builds, and a slow, plain account of what they do."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from microtome.atlas import BuildOptions, build_atlas
from microtome.data import TokenPolicy
from microtome.dictionary import Activation, Decoder, Dictionary, Encoder
from microtome.model import LanguageModel
from microtome.specimen.adder.tokenizer import build_tokenizer
from tests.circuit.dictionaries import tiny_dictionary
from tests.model.families import VOCABULARY, D, tiny_model

FILES = ("features", "examples", "map", "clusters", "vocabulary", "windows")


def model() -> LanguageModel:
    made = tiny_model("llama", torch.float32)
    made.tokenizer = build_tokenizer()
    return made


def dictionary(of: LanguageModel, kind: str = "clt", features: int = 5) -> Dictionary:
    """So few features that the map needs no UMAP. Kinds: clt (JumpReLU), plt (TopK), relu."""
    made = tiny_dictionary(of, "clt" if kind == "relu" else kind, features)
    if kind == "relu":
        encoders = tuple(replace(e, activation=Activation("relu")) for e in made.encoders)
        made = replace(made, encoders=encoders)
    return made.to("cpu", torch.float32)


def blocks(n: int = 6, rows: int = 7, seed: int = 0) -> list[torch.Tensor]:
    """Random tokens of two lengths, a few rows said twice."""
    generator = torch.Generator().manual_seed(seed)
    made = [
        torch.randint(3, VOCABULARY, (rows, 11 if i % 2 else 18), generator=generator)
        for i in range(n)
    ]
    if n > 2:
        made[-1][0] = made[-3][2]
    return made


OPTIONS = BuildOptions(
    examples=4, bands=2, per_band=2, sample=16, before=3, after=2, tokens_at_once=60, listed=3
)


def built_atlas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An atlas on disk, for tests that only read it."""
    folder = tmp_path_factory.mktemp("built") / "atlas"
    of = model()
    build_atlas(of, dictionary(of), lambda: blocks(), folder, OPTIONS)
    return folder


@dataclass(frozen=True)
class Active:
    """One activation, and where it is."""

    value: float
    document: int
    position: int
    row: tuple[int, ...]
    token: int
    values: tuple[float, ...]
    """Of the feature, on all tokens of the row."""


def account(
    of: LanguageModel, made: Dictionary, tokens: list[torch.Tensor]
) -> tuple[list[list[Active]], np.ndarray]:
    """All activations of every feature in order of the corpus, and counts of tokens."""
    found: list[list[Active]] = [[] for _ in range(sum(made.n_features))]
    vocabulary, document = np.zeros(of.d_vocab, np.int64), 0
    policy = TokenPolicy.of(made)
    for block in tokens:
        counts = policy.counts(of, block)
        captured = of.capture(block, list(made.reads))
        inputs = [x.flatten(0, 1) for x in captured.values()]
        dense = torch.cat([codes.dense() for codes in made.encode(inputs)], 1)
        dense = dense.view(*block.shape, -1) * counts[..., None]
        np.add.at(vocabulary, block[counts].numpy(), 1)
        for r, row in enumerate(block.tolist()):
            for position, feature in dense[r].nonzero().tolist():
                values = tuple(dense[r, :, feature].tolist())
                at = (document + r, position, tuple(row), row[position])
                found[feature].append(Active(values[position], *at, values))
        document += len(block)
    return found, vocabulary


def tables(atlas: Path) -> dict[str, dict]:
    """Everything in the files of an atlas."""
    return {name: pq.read_table(atlas / f"{name}.parquet").to_pydict() for name in FILES}


def crosscoder(two_models: bool = False) -> Dictionary:
    """One encoder that reads two sites, of two models where that is wanted."""
    generator = torch.Generator().manual_seed(3)
    sites = ("blocks.1.resid.post", "other:blocks.1.resid.post" if two_models else "final")
    weight = torch.randn(9, 2 * D, generator=generator) * 0.3
    return Dictionary(
        reads=sites,
        writes=sites,
        encoders=(Encoder(weight, torch.zeros(9), Activation("topk", k=3)),),
        decoders=(Decoder(torch.randn(9, 2, D, generator=generator), (0, 1)),),
        biases=(torch.zeros(D),) * 2,
        sources=((0, 1),),
        name="crosscoder",
    )


def sae() -> Dictionary:
    generator = torch.Generator().manual_seed(4)
    weight = torch.randn(9, D, generator=generator)
    return Dictionary(
        reads=("blocks.1.resid.post",),
        writes=("blocks.1.resid.post",),
        encoders=(Encoder(weight, torch.zeros(9), Activation("topk", k=3)),),
        decoders=(Decoder(weight[:, None], (0,)),),
        biases=(torch.zeros(D),),
        skip_first=False,
        skip_special=True,
        name="sae",
    )
