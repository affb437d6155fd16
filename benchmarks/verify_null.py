"""Graphs that must not be believed: of dictionaries that learned nothing of the model.

    python benchmarks/verify_null.py [--prompts 20] [--steps 2000]

Three PLTs of the adder, of one recipe: trained on its activations; trained on SHUFFLED activations
(what MLPs write, given to other tokens than those that they read); and the first with random
directions of the same lengths. Graphs of held-out sums are verified with each.

The last line is one JSON object: by dictionary, prompts of each verdict, and the medians of the
error share and of R2 of groups on the answer (held; null where no feature is left to change).
"""

import argparse
import json
import statistics
import sys
from collections import Counter
from dataclasses import replace

import torch
from torch import Tensor

from microtome.circuit import trace
from microtome.circuit.verify import Verification, verify
from microtome.data import MemoryBatches
from microtome.dictionary import Decoder, Dictionary, Encoder
from microtome.model import LanguageModel
from microtome.specimen import load_model
from microtome.specimen.adder import world
from microtome.specimen.adder.build import DICTIONARIES
from microtome.training.run import activation_source
from microtome.training.trainer import train_on
from verify import adder_prompts

SEED = 0


def trained(model: LanguageModel, steps: int, shuffled: bool) -> Dictionary:
    """A PLT of the adder by its own recipe, shorter."""
    recipe = DICTIONARIES["plt"].model_copy(update={"steps": steps})
    pairs = world.split_pairs(SEED).train
    blocks = [world.prompt_tokens(pairs, guise) for guise in world.GUISES]
    rows: dict[str, list[Tensor]] = {}
    for some in activation_source(recipe, model, lambda: blocks)():
        for site, x in some.activations.items():
            rows.setdefault(site, []).append(x)
    whole = {site: torch.cat(parts) for site, parts in rows.items()}
    if shuffled:
        generator = torch.Generator().manual_seed(SEED)
        for site in whole:
            if site.endswith("mlp.out"):
                whole[site] = whole[site][torch.randperm(len(whole[site]), generator=generator)]
    batches = MemoryBatches(whole, SEED)
    return train_on(batches, recipe, model.n_layers, model.fingerprint)["plt"]


def randomised(dictionary: Dictionary) -> Dictionary:
    """Random directions of the same lengths."""
    generator = torch.Generator().manual_seed(SEED)

    def alike(x: Tensor) -> Tensor:
        drawn = torch.randn(x.shape, generator=generator)
        return drawn * x.float().norm(dim=-1, keepdim=True) / drawn.norm(dim=-1, keepdim=True)

    return replace(
        dictionary,
        encoders=tuple(Encoder(alike(e.weight), e.bias, e.activation) for e in dictionary.encoders),
        decoders=tuple(Decoder(alike(d.weight), d.targets) for d in dictionary.decoders),
    )


def judged(model: LanguageModel, dictionary: Dictionary, prompts: list[str]) -> list[Verification]:
    return [verify(trace(model, p, dictionary), model, dictionary) for p in prompts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=int, default=20)
    parser.add_argument("--steps", type=int, default=2000)
    args = parser.parse_args()
    model, prompts = load_model("specimen:adder"), adder_prompts(args.prompts)
    true = trained(model, args.steps, shuffled=False)
    print("trained", file=sys.stderr)
    shuffled = trained(model, args.steps, shuffled=True)
    print("trained on shuffled activations", file=sys.stderr)
    out = {}
    for name, dictionary in (
        ("trained", true),
        ("shuffled", shuffled),
        ("random", randomised(true)),
    ):
        found = judged(model, dictionary, prompts)
        known = [r for v in found if (r := v.modes["held"].groups.r2) is not None]
        out[name] = {
            "verdicts": dict(Counter(v.belief for v in found)),
            "error_by_layer": statistics.median(max(v.error_by_layer) for v in found),
            "error_influence": statistics.median(v.error_influence for v in found),
            "r2_held": statistics.median(known) if known else None,
        }
        print(f"{name}: {out[name]}")
        print(f"    {found[0].reasons[0]}")
    print(json.dumps(out))


if __name__ == "__main__":
    main()
