"""Small random dictionaries for tiny random models."""

import torch

from microtome.dictionary import Activation, Decoder, Dictionary, Encoder
from microtome.model import LanguageModel

KINDS = ("plt", "skip", "clt")


def tiny_dictionary(
    model: LanguageModel, kind: str = "plt", features: int = 32, seed: int = 1, read: str = "mlp.in"
) -> Dictionary:
    """A random PLT ("plt"), PLT with linear skip ("skip") or CLT ("clt") for a model.

    PLTs use TopK, the CLT JumpReLU, so that both kinds of sparsity are met everywhere.
    """
    generator = torch.Generator().manual_seed(seed)
    d, layers = model.d_model, range(model.n_layers)

    def rand(*shape: int, scale: float = 0.3) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64) * scale

    activation = (
        Activation("jumprelu", threshold=rand(features).abs() + 0.3)
        if kind == "clt"
        else Activation("topk", k=5)
    )
    targets = [tuple(range(i, model.n_layers)) if kind == "clt" else (i,) for i in layers]
    return Dictionary(
        reads=tuple(f"blocks.{i}.{read}" for i in layers),
        writes=tuple(f"blocks.{i}.mlp.out" for i in layers),
        encoders=tuple(
            Encoder(rand(features, d), rand(features, scale=0.1), activation) for _ in layers
        ),
        decoders=tuple(Decoder(rand(features, len(t), d), t) for t in targets),
        biases=tuple(rand(d) for _ in layers),
        skips=tuple(rand(d, d, scale=0.2) if kind == "skip" else None for _ in layers),
        name=f"tiny {kind}",
    )
