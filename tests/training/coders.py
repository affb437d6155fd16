"""Small coders in float64 with nothing at zero, and batches for them."""

import torch

from microtome.dictionary.kernels import kernels_for
from microtome.training.coder import SparseCoder
from microtome.training.layout import layout
from microtome.training.mesh import ALONE, Mesh
from microtome.training.recipe import DictionaryRecipe

LAYERS, WIDTH, FEATURES, TOKENS = 3, 6, 40, 50

KINDS = {
    "sae": {"kind": "sae"},
    "plt": {"kind": "plt"},
    "skip": {"kind": "plt", "linear_skip": True},
    "clt": {"kind": "clt"},
    "crosscoder": {"kind": "crosscoder"},
    "two models": {"kind": "crosscoder", "two_models": True},
}
VARIANTS = {
    "relu": {},
    "gated": {},
    "jumprelu": {},
    "jumprelu tanh": {"architecture": "jumprelu", "penalty": "tanh"},
    "jumprelu target": {"architecture": "jumprelu", "penalty": "target_l0", "target_l0": 3.0},
    "topk": {},
    "batchtopk": {},
    "matryoshka": {"prefixes": (0.2, 0.5, 1.0)},
}


def recipe(kind: str, variant: str, **more) -> DictionaryRecipe:
    options = {"features": FEATURES, "k": 4, "sparsity": 0.1, "bandwidth": 0.4, "initial_l0": 8}
    named = {"architecture": variant} | VARIANTS[variant]
    return DictionaryRecipe.model_validate(options | KINDS[kind] | named | more)


def coder(
    of: DictionaryRecipe, kernels: str = "cpu", mesh: Mesh = ALONE, dtype=torch.float64
) -> SparseCoder:
    """A coder with random biases, skips and thresholds, on decoders of norm 1."""
    made = SparseCoder(
        of,
        layout(of, LAYERS),
        WIDTH,
        WIDTH,
        kernels_for("cpu", kernels),  # pyright: ignore[reportArgumentType]
        seed=1,
        mesh=mesh,
    ).to(dtype)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if "encoders" in name or "decoders" in name:
                continue
            # of the whole, so that a process that holds a part has the same numbers
            rows = of.features if parameter.shape[0] == made.encoders[0].shape[0] else None
            shape = (rows or parameter.shape[0], *parameter.shape[1:])
            noise = torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)
            parameter.copy_(noise[mesh.shard(of.features)] if rows else noise)
            if "threshold" in name:
                parameter.abs_()
    return made.train()


def batch(of: SparseCoder, dtype=torch.float64) -> tuple[list[torch.Tensor], torch.Tensor]:
    generator = torch.Generator().manual_seed(9)
    n = len(of.layout.reads)
    x = [torch.randn(TOKENS, WIDTH, generator=generator, dtype=dtype) for _ in range(n)]
    if of.layout.reads == of.layout.writes:
        return x, torch.cat(x, 1)
    width = len(of.layout.writes) * WIDTH
    return x, torch.randn(TOKENS, width, generator=generator, dtype=dtype)
