"""How fast a prompt is traced, against the rate of this machine's own matrix product.

    python benchmarks/trace.py [--size default|gpt2-small|long] [--repeat N]

The last line is one JSON object: seconds (best of the repeats), peak_gb (resident memory of the
process at its highest, interpreter and libraries included), active_features, gflop (the causal
cone's work), gemm_share (the share of a large float32 product's rate that was reached).
"""

import argparse
import json
import resource
import time
from dataclasses import dataclass

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from microtome.circuit import build_replacement, trace
from microtome.circuit.graph import Graph
from microtome.dictionary import Activation, Decoder, Dictionary, Encoder
from microtome.model import LanguageModel


@dataclass(frozen=True)
class Size:
    layers: int
    d: int
    heads: int
    kv_heads: int
    vocabulary: int
    features: int
    k: int
    tokens: int
    max_features: int | None = None


SIZES = {
    "default": Size(8, 256, 8, 4, 4096, 4096, 16, 24),
    "gpt2-small": Size(12, 768, 12, 12, 50257, 24576, 24, 32, 7500),
    "long": Size(8, 256, 8, 4, 4096, 4096, 16, 1024, 7500),
}


def random_model(size: Size) -> LanguageModel:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=size.vocabulary,
        hidden_size=size.d,
        intermediate_size=4 * size.d,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.kv_heads,
        max_position_embeddings=max(size.tokens, 64),
    )
    return LanguageModel(LlamaForCausalLM(config), name="random llama")


def random_plt(size: Size) -> Dictionary:
    layers, generator = range(size.layers), torch.Generator().manual_seed(1)

    def rand(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator) / size.d**0.5

    return Dictionary(
        reads=tuple(f"blocks.{i}.mlp.in" for i in layers),
        writes=tuple(f"blocks.{i}.mlp.out" for i in layers),
        encoders=tuple(
            Encoder(
                rand(size.features, size.d),
                torch.zeros(size.features),
                Activation("topk", k=size.k),
            )
            for _ in layers
        ),
        decoders=tuple(Decoder(rand(size.features, 1, size.d), (i,)) for i in layers),
        biases=tuple(torch.zeros(size.d) for _ in layers),
        name="random PLT",
    )


def cone_flop(size: Size, graph: Graph) -> float:
    """Floating-point operations of the causal cone: what any method has to do that pulls each
    target's gradient through every layer below it and every position before it.

    A target at (layer, position p) has a gradient at one position only in its own layer: there
    it goes through both maps of attention once a head, and an outer product spreads it over the
    p + 1 positions. In every layer below it goes through both maps at p + 1 positions, is mixed
    over pairs of positions, and is contracted with the active decoders.
    """
    d, heads = size.d, size.d
    values = size.kv_heads * (size.d // size.heads)
    total = 0.0
    nodes = graph.nodes
    for node in graph.rows.tolist():
        layer, p = int(nodes.layer[node]), int(nodes.position[node])
        seen = p + 1
        logit = nodes.kind[node] == "logit"
        attention = 2 * d * heads * seen + 2 * d * values * seen + heads * seen * (seen + 1)
        first = 0 if logit else 4 * d * heads + 2 * size.heads * d * seen
        total += layer * attention + first
        total += layer * 2 * d * size.k * p + 2 * d * seen
    return total


def gemm_rate() -> float:
    """Floating-point operations a second of a large float32 product, the best of eight."""
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    best = float("inf")
    for _ in range(8):
        start = time.perf_counter()
        torch.mm(a, b)
        best = min(best, time.perf_counter() - start)
    return 2 * 2048**3 / best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=SIZES, default="default")
    parser.add_argument("--repeat", type=int, default=None)
    parser.add_argument("--memory-gb", type=float, default=None)
    parser.add_argument("--profile", action="store_true", help="print where the time goes first")
    arguments = parser.parse_args()
    size = SIZES[arguments.size]
    repeats = arguments.repeat or (7 if arguments.size == "default" else 1)
    memory = arguments.memory_gb or (0.25 if arguments.size == "default" else 1.0)
    model, dictionary = random_model(size), random_plt(size)
    generator = torch.Generator().manual_seed(2)
    tokens = torch.randint(size.vocabulary, (1, size.tokens), generator=generator)
    active = len(build_replacement(model, dictionary, tokens).active_features())
    rate = gemm_rate()
    if arguments.profile:
        with torch.profiler.profile() as profile:
            trace(model, tokens, dictionary, max_features=size.max_features, memory_gb=memory)
        print(profile.key_averages().table(sort_by="self_cpu_time_total", row_limit=10))
    seconds = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        graph = trace(model, tokens, dictionary, max_features=size.max_features, memory_gb=memory)
        seconds = min(seconds, time.perf_counter() - start)
    flop = cone_flop(size, graph)
    rate = max(rate, gemm_rate())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    expanded = len(graph.nodes.where("feature"))
    print(f"{arguments.size}: {size}")
    print(f"{active:,} active features, {expanded:,} expanded, {len(graph.rows):,} rows")
    print(f"traced in {seconds:.3f} s (best of {repeats}), peak memory {peak:.2f} GiB")
    print(f"cone {flop / 1e9:.1f} GFLOP; large product {rate / 1e9:.0f} GFLOP/s")
    print(f"worst conservation residual {float(graph.residual.max()):.1e}")
    print(
        json.dumps(
            {
                "seconds": round(seconds, 4),
                "peak_gb": round(peak, 3),
                "active_features": active,
                "gflop": round(flop / 1e9, 2),
                "gemm_share": round(flop / seconds / rate, 3),
            }
        )
    )


if __name__ == "__main__":
    main()
