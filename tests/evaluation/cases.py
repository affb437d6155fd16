"""Dictionaries whose figures are known, and small blocks of tokens."""

import torch

from microtome.dictionary import Activation, Decoder, Dictionary, Encoder
from microtome.evaluation import Options, Wanted
from tests.model.families import VOCABULARY, D

SITE = "blocks.1.mlp.out"
FAST = Options(baselines=False, token_probes=False, draws=100)
BARE = Options(
    wanted=Wanted(splice=False, replacement=False, per_feature=False),
    baselines=False,
    token_probes=False,
    draws=100,
)


def blocks(n: int = 3, rows: int = 6, length: int = 10, seed: int = 0) -> list[torch.Tensor]:
    """Random tokens; every row is a document."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(3, VOCABULARY, (rows, length), generator=generator) for _ in range(n)]


def sae(
    weight: torch.Tensor,
    decoder: torch.Tensor,
    bias: torch.Tensor | None = None,
    site: str = SITE,
    activation: Activation | None = None,
    **more,
) -> Dictionary:
    """A ReLU SAE of one site."""
    zero = torch.zeros(decoder.shape[1], dtype=torch.float64)
    return Dictionary(
        reads=(site,),
        writes=(site,),
        encoders=(
            Encoder(
                weight,
                torch.zeros(len(weight), dtype=torch.float64),
                activation or Activation("relu"),
            ),
        ),
        decoders=(Decoder(decoder[:, None], (0,)),),
        biases=(zero if bias is None else bias,),
        **{"name": "sae", **more},
    )


def identity_sae(d: int = D, site: str = SITE, **more) -> Dictionary:
    """x = relu(x) - relu(-x), to the last bit."""
    eye = torch.eye(d, dtype=torch.float64)
    both = torch.cat([eye, -eye])
    return sae(both, both, site=site, **more)


def constant_sae(value: torch.Tensor | None = None, site: str = SITE, **more) -> Dictionary:
    """No feature ever fires: the site holds b_dec, or zero."""
    nothing = torch.zeros(2, D, dtype=torch.float64)
    return sae(nothing, torch.ones(2, D, dtype=torch.float64), value, site, **more)


def random_sae(features: int = 40, seed: int = 0, site: str = SITE, k: int = 4, **more):
    generator = torch.Generator().manual_seed(seed)

    def rand() -> torch.Tensor:
        return torch.randn(features, D, generator=generator, dtype=torch.float64) * 0.3

    return sae(rand(), rand(), site=site, activation=Activation("topk", k=k), **more)
