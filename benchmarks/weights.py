"""Global weights of the adder: what feeds features of a sum's last digit, and how much of a
ranking by weights alone is interference.

    python benchmarks/weights.py [--features 8] [--inputs 20]

For L2/914 and other features that the bundled atlas labels `sum ends in z`, the largest positive
inputs are ranked by corrected weight and, as a control, by virtual weight alone. The last line is
one JSON object, means over features: lookup (share of inputs that the atlas labels `first ends in
x, second in y`), digits (of these, share of which some pair of digits sums to z), onto (of an
input's activation over all 10,000 sums, share on sums that end in z: 0.1 by chance), together
(share of the target's active tokens on which an input is active); _virtual are the same ranked by
virtual weight, _all those of all features of earlier layers; interference (share of the 50 largest
direct weights whose features are hardly ever active together); with the prefix l2_914_ those of
L2/914 alone.
"""

import argparse
import json
import re
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from microtome.circuit.weights import Virtual, corrected_weights, global_weights, input_weights
from microtome.circuit.weights_paths import AveragePaths, average_paths
from microtome.circuit.weights_use import Use, corpus_coactivation
from microtome.specimen import load_atlas, load_dictionary, load_model
from microtome.specimen.adder import world
from microtome.specimen.adder.operands import operand_grids

LOOKUP = re.compile(r"first ends in (.+), second in (.+)$")
SUM = re.compile(r"sum ends in (\d)$")
FIRST = (2, 914)
EQUALS = 4
"""Position of `=`."""

Feature = tuple[int, int]


def digits_sum_to(label: str, last: int) -> bool | None:
    """Whether some pair of a lookup feature's digits has a sum that ends so; None for others."""
    found = LOOKUP.match(label)
    if found is None:
        return None
    a, b = (re.findall(r"\d", digits) for digits in found.groups())
    return any((int(x) + int(y)) % 10 == last for x in a for y in b)


def figures(
    inputs: Sequence[Feature], use: Use, labels: dict, onto: dict[Feature, np.ndarray], last: int
) -> dict[str, float]:
    """Figures of some inputs of a feature."""
    judged = [digits_sum_to(labels[feature], last) for feature in inputs]
    fits = [fit for fit in judged if fit is not None]
    return {
        "lookup": len(fits) / len(inputs),
        "digits": float(np.mean(fits)) if fits else float("nan"),
        "onto": float(np.nanmean([onto[feature][last] for feature in inputs])),
        "together": float(np.mean([float(use.together[e][i]) for e, i in inputs])),
    }


def largest(sizes: Sequence[Float[Tensor, " features"]], k: int) -> list[Feature]:
    """Encoder and feature of the largest positive weights."""
    found = [(float(v), e, i) for e, part in enumerate(sizes) for i, v in enumerate(part) if v > 0]
    return [(e, i) for _, e, i in sorted(found, reverse=True)[:k]]


def shares(model, dictionary, layers: int) -> dict[Feature, np.ndarray]:
    """By feature, the share of its activation at `=` on sums that end in each digit."""
    keys = [(e, i, EQUALS) for e in range(layers) for i in range(dictionary.n_features[e])]
    values = torch.arange(world.OPERANDS)
    last = ((values[:, None] + values[None]) % 10).flatten()
    found = {}
    for (e, i, _), grid in operand_grids(model, dictionary, keys).items():
        totals = torch.zeros(10).index_add_(0, last, grid.flatten())
        found[e, i] = (totals / totals.sum()).numpy()  # NaN where it is never active there
    return found


def measure(
    paths: AveragePaths, blocks: list[Tensor], target: Feature, labels: dict, onto: dict, k: int
) -> dict[str, float]:
    """All figures of one target."""
    last = int(SUM.match(labels[target])[1])  # pyright: ignore[reportOptionalSubscript]
    use = corpus_coactivation(paths.model, paths.dictionary, blocks, *target)
    weights: list[Virtual] = input_weights(paths, *target)
    corrected = [corrected_weights(part, use.as_target, e) for e, part in enumerate(weights)]
    every = [feature for feature in onto if feature[0] < target[0]]
    ranked = {
        "": largest(corrected, k),
        "_virtual": largest([part.total for part in weights], k),
        "_all": every,
    }
    found = {
        name + suffix: value
        for suffix, inputs in ranked.items()
        for name, value in figures(inputs, use.as_target, labels, onto, last).items()
    }
    interference = global_weights(paths, *target, use, 1).interference[0]
    return found | {"interference": float("nan") if interference is None else interference}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--features", type=int, default=8)
    parser.add_argument("--inputs", type=int, default=20, help="the largest, of each feature")
    arguments = parser.parse_args()
    model = load_model("specimen:adder", device="cpu")
    dictionary, atlas = load_dictionary("specimen:adder"), load_atlas("specimen:adder")
    labels = {
        (e, i): atlas.row(e, i).label for e, n in enumerate(dictionary.n_features) for i in range(n)
    }
    sums = [f for f, label in labels.items() if SUM.match(label) and f[0] == FIRST[0]]
    targets = [FIRST, *(feature for feature in sums if feature != FIRST)][: arguments.features]
    values = torch.arange(world.OPERANDS)
    pairs = torch.cartesian_prod(values, values)
    blocks = [world.prompt_tokens(part, "equation") for part in pairs.split(1000)]
    paths = average_paths(model, dictionary, blocks)
    onto = shares(model, dictionary, FIRST[0])
    rows = []
    for target in targets:
        rows.append(measure(paths, blocks, target, labels, onto, arguments.inputs))
        shown = "  ".join(f"{k} {v:.2f}" for k, v in rows[-1].items() if not k.endswith("_all"))
        print(f"L{target[0]}/{target[1]:<4} {labels[target]}: {shown}", flush=True)
    means = {name: float(np.nanmean([row[name] for row in rows])) for name in rows[0]}
    own = {f"l2_914_{name}": value for name, value in rows[0].items()}
    document = {name: round(value, 4) for name, value in (means | own).items()}
    print(json.dumps({"features": len(rows), **document}))


if __name__ == "__main__":
    main()
