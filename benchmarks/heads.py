"""Which heads of the adder carry operands to `=`, and what is lost without each.

    python benchmarks/heads.py [--sums 400] [--graphs 20]

By head: its share of the edge weight into `=` and the part of that which it looked up at operands
(means over graphs of random sums), and how many sums are right when what it has gathered at `=` is
replaced by its mean over all sums. Then how share, and share times operands' part, go with what is
lost; and the mean pattern from `=`.

The last line is one JSON object: heads (share, operands and accuracy by layer.head), accuracy
(without a change), correlation and rank_correlation of share times operands' part with what is
lost, the same _share of share alone, pattern_min, pattern_max and pattern_std.
"""

import argparse
import json

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor

from microtome.circuit import build_replacement, heads_of_graph, prune, trace
from microtome.model import LanguageModel, Site
from microtome.specimen import load_dictionary, load_model
from microtome.specimen.adder import world

OPERANDS = (1, 3)
"""Positions of the operands in `<s> 36 + 59 =`."""


def pairs_of(n: int) -> Tensor:
    return torch.randint(100, (n, 2), generator=torch.Generator().manual_seed(0))


def accuracy(model: LanguageModel, pairs: Tensor, head: tuple[int, int] | None = None) -> float:
    """Of sums, with one head's output at `=` replaced by its mean."""
    tokens = world.prompt_tokens(pairs, "equation")
    edits = {}
    if head is not None:
        layer, number = head
        columns = slice(number * model.d_head, (number + 1) * model.d_head)

        def mean(x: Tensor) -> Tensor:
            out = x.clone()
            out[:, -1, columns] = x[:, -1, columns].mean(0)
            return out

        edits = {Site("attn.head.out", layer): mean}
    said = model.run(tokens, edit=edits).logits[:, -1].argmax(-1)
    return float((said == world.answers(pairs)).float().mean())


def shares(model: LanguageModel, pairs: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Share of the edge weight into `=`, and the operands' part of it: [layer, head] each."""
    dictionary = load_dictionary("specimen:adder")
    share, operands = [], []
    for a, b in pairs.tolist():
        prompt = world.prompt(a, b)
        replacement = build_replacement(model, dictionary, model.tokenize(prompt))
        pruned = prune(trace(model, prompt, dictionary))
        table = heads_of_graph(model, replacement, pruned, position=-1)
        share.append(table.share.numpy())
        keys = table.keys.numpy()
        operands.append(keys[..., OPERANDS].sum(-1) / keys.sum(-1).clip(1e-12))
    return np.mean(share, 0), np.mean(operands, 0)


def patterns(model: LanguageModel, pairs: Tensor) -> Tensor:
    """From `=`: [layer, prompt, head, key]."""
    sites = [Site("attn.pattern", layer) for layer in range(model.n_layers)]
    found = model.capture(world.prompt_tokens(pairs, "equation"), sites)
    return torch.stack([found[site][:, :, -1] for site in sites])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sums", type=int, default=400)
    parser.add_argument("--graphs", type=int, default=20)
    args = parser.parse_args()
    model, pairs = load_model("specimen:adder"), pairs_of(args.sums)
    share, operands = shares(model, pairs[: args.graphs])
    whole = accuracy(model, pairs)
    kept = np.zeros_like(share)
    heads = {}
    for layer, head in np.ndindex(*share.shape):
        kept[layer, head] = accuracy(model, pairs, (layer, head))
        figures = [float(x[layer, head]) for x in (share, operands, kept)]
        heads[f"{layer}.{head}"] = [round(x, 4) for x in figures]
        print(f"{layer}.{head}  share {figures[0]:.1%}  of operands {figures[1]:.0%}  "
              f"right without it {figures[2]:.1%}")  # fmt: skip
    lost = (whole - kept).ravel()
    out = {"accuracy": whole, "heads": heads}
    for name, x in (("", share * operands), ("_share", share)):
        out[f"correlation{name}"] = round(float(np.corrcoef(x.ravel(), lost)[0, 1]), 3)
        out[f"rank_correlation{name}"] = round(float(spearmanr(x.ravel(), lost).statistic), 3)
    seen = patterns(model, pairs)
    out["pattern_min"] = round(float(seen.mean(1).min()), 3)
    out["pattern_max"] = round(float(seen.mean(1).max()), 3)
    out["pattern_std"] = round(float(seen.std(1).max()), 3)
    print(json.dumps(out))


if __name__ == "__main__":
    main()
