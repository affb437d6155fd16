"""How fast activations are harvested, against the bare forward pass of the same model.

    python benchmarks/harvest.py [--size small|gpt2 | --model FOLDER] [--repeat N]

Three sites: the first layer's mlp.in, a middle one's mlp.out, the last one's resid.post. The same
random tokens go through `stream_activations` and through the model alone, logits and all, in
turns. The last line is one JSON object: ratio (harvesting's tokens a second over the bare pass's,
medians of the repetitions) and both rates.
"""

import argparse
import json
import statistics
import time

import torch
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig

from microtome.data import stream_activations
from microtome.model import LanguageModel

CONFIGS = {
    "small": LlamaConfig(
        vocab_size=8192,
        hidden_size=256,
        intermediate_size=1024,
        num_hidden_layers=6,
        num_attention_heads=8,
        max_position_embeddings=1024,
    ),
    "gpt2": GPT2Config(),
}


def random_model(size: str) -> LanguageModel:
    torch.manual_seed(0)
    return LanguageModel(AutoModelForCausalLM.from_config(CONFIGS[size]), name=f"random {size}")


def random_blocks(model: LanguageModel, rows: int, context: int, n: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randint(model.d_vocab, (rows, context), generator=generator) for _ in range(n)]


def three_sites(model: LanguageModel) -> list[str]:
    last = model.n_layers - 1
    return ["blocks.0.mlp.in", f"blocks.{last // 2}.mlp.out", f"blocks.{last}.resid.post"]


@torch.no_grad()
def bare(model: LanguageModel, blocks: list[torch.Tensor]) -> None:
    for block in blocks:
        model.hf(block.to(model.device), use_cache=False)
    if model.device.type == "cuda":
        torch.cuda.synchronize()


def harvest(model: LanguageModel, blocks: list[torch.Tensor]) -> None:
    stream = stream_activations(model, blocks, three_sites(model), tokens_at_once=blocks[0].numel())
    assert sum(len(rows) for rows in stream)


def rate(function, model: LanguageModel, blocks: list[torch.Tensor]) -> float:
    start = time.perf_counter()
    function(model, blocks)
    return sum(block.numel() for block in blocks) / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=CONFIGS, default="small")
    parser.add_argument("--model", default=None, help="a model folder instead of a random model")
    parser.add_argument("--context", type=int, default=128)
    parser.add_argument("--rows", type=int, default=16, help="of a block")
    parser.add_argument("--blocks", type=int, default=4, help="in a repetition")
    parser.add_argument("--repeat", type=int, default=9)
    arguments = parser.parse_args()
    model = LanguageModel.load(arguments.model) if arguments.model else random_model(arguments.size)
    context = min(arguments.context, model.max_positions)
    blocks = random_blocks(model, arguments.rows, context, arguments.blocks)
    for function in (bare, harvest):
        function(model, blocks[:1])
    rates: dict[str, list[float]] = {"bare": [], "harvest": []}
    for _ in range(arguments.repeat):
        rates["bare"].append(rate(bare, model, blocks))
        rates["harvest"].append(rate(harvest, model, blocks))
    median = {name: statistics.median(values) for name, values in rates.items()}
    ratio = median["harvest"] / median["bare"]
    print(
        f"{model.name}: {model.n_layers} layers, d {model.d_model}, vocabulary {model.d_vocab:,}; "
        f"{arguments.blocks} blocks of {arguments.rows} x {context} tokens, {model.dtype} on "
        f"{model.device}, {torch.get_num_threads()} threads"
    )
    print(f"sites: {', '.join(three_sites(model))}")
    for name, values in rates.items():
        print(
            f"{name:8} {median[name]:10,.0f} tokens/s (median of {len(values)}, "
            f"{min(values):,.0f} to {max(values):,.0f})"
        )
    print(f"harvesting runs at {ratio:.2f} of the bare forward pass")
    print(
        json.dumps(
            {
                "ratio": round(ratio, 3),
                "harvest_tokens_per_s": round(median["harvest"]),
                "bare_tokens_per_s": round(median["bare"]),
            }
        )
    )


if __name__ == "__main__":
    main()
