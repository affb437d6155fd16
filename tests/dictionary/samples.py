"""Small random dictionaries of every kind, and files of other tools' layouts."""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from microtome.dictionary import Activation, Decoder, Dictionary, Encoder

KINDS = ("sae", "plt", "skip", "clt", "crosscoder")
LAYERS, FEATURES, D_IN, D_OUT = 3, 12, 5, 4


def dictionary(kind: str, activation: Activation | None = None) -> Dictionary:
    """A random dictionary; d_in and d_out differ wherever the kind allows it."""
    same = kind in ("sae", "crosscoder")
    d_out = D_IN if same else D_OUT
    layers = range(LAYERS)
    targets = {
        "clt": [tuple(range(i, LAYERS)) for i in layers],
        "crosscoder": [tuple(layers) for _ in layers],
    }.get(kind, [(i,) for i in layers])
    reads = tuple(f"blocks.{i}.mlp.in" for i in layers)
    return Dictionary(
        reads=reads,
        writes=reads if same else tuple(f"blocks.{i}.mlp.out" for i in layers),
        encoders=tuple(
            Encoder(
                torch.randn(FEATURES, D_IN),
                torch.randn(FEATURES) * 0.1,
                activation or Activation("jumprelu", threshold=torch.rand(FEATURES)),
            )
            for _ in layers
        ),
        decoders=tuple(Decoder(torch.randn(FEATURES, len(t), d_out), t) for t in targets),
        biases=tuple(torch.randn(d_out) for _ in layers),
        skips=tuple(torch.randn(D_IN, d_out) if kind == "skip" else None for _ in layers),
        name=kind,
    )


def inputs(rows: int = 7) -> list[Tensor]:
    return [torch.randn(rows, D_IN) for _ in range(LAYERS)]


def saelens_folder(
    folder: Path, config: dict | None = None, dtype: torch.dtype = torch.float32, **tensors: Tensor
) -> dict[str, Tensor]:
    """Write an SAE as SAELens does; `config` and `tensors` add to the standard ones."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        "W_enc": torch.randn(D_IN, FEATURES),
        "W_dec": torch.randn(FEATURES, D_IN),
        "b_enc": torch.randn(FEATURES) * 0.1,
        "b_dec": torch.randn(D_IN),
    } | tensors
    weights = {name: tensor.to(dtype).contiguous() for name, tensor in weights.items()}
    base = {
        "architecture": "standard",
        "d_in": D_IN,
        "d_sae": FEATURES,
        "apply_b_dec_to_input": True,
        "normalize_activations": "none",
        "metadata": {"hook_name": "blocks.1.hook_resid_post"},
    }
    (folder / "cfg.json").write_text(json.dumps(base | (config or {})))
    save_file(weights, folder / "sae_weights.safetensors")
    return weights


def gemma_scope_arrays() -> dict[str, np.ndarray]:
    """What a `params.npz` of Gemma Scope holds, for a transcoder."""
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(np.float32)

    return {
        "W_enc": normal(D_IN, FEATURES),
        "W_dec": normal(FEATURES, D_OUT),
        "b_enc": normal(FEATURES),
        "b_dec": normal(D_OUT),
        "threshold": np.abs(normal(FEATURES)),
    }


def circuit_tracer_layer(**tensors: Tensor) -> dict[str, Tensor]:
    """What a `layer_N.safetensors` of circuit-tracer holds."""
    return {
        "W_enc": torch.randn(FEATURES, D_IN),
        "W_dec": torch.randn(FEATURES, D_OUT).bfloat16(),
        "b_enc": torch.randn(FEATURES),
        "b_dec": torch.randn(D_OUT),
    } | tensors
