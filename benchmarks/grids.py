"""Patterns of the adder's features: how many of the bundled CLT's look like which.

    python benchmarks/grids.py [--draws 5] [--threshold 0.5]

Every feature is plotted over all 10,000 sums at `=` of an equation. The last line is one JSON
object: by layer and in all, the number of features that are never active there, active everywhere,
of each pattern, and of none; f1 (median of those with a pattern), noise (share of shuffled plots of
the same features in which a pattern is found), seconds.
"""

import argparse
import json
import time
from collections import Counter

import numpy as np
import torch

from microtome.grid import Recognised, Slot, recognise
from microtome.specimen import load_dictionary, load_model
from microtome.specimen.adder import world
from microtome.specimen.adder.operands import operand_grids

EQUALS = 4
"""Position of `=`."""
SHUFFLED = 10
"""Every so many-th plot is also shuffled."""
KINDS = ("never active", "active everywhere", "lookup", "sum", "modulus", "magnitude", "no pattern")


def kind_of(found: Recognised) -> str:
    return found.words if found.pattern is None else found.pattern.kind


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=5, help="of each control")
    parser.add_argument("--threshold", type=float, default=0.5)
    arguments = parser.parse_args()
    model, dictionary = (
        load_model("specimen:adder", device="cpu"),
        load_dictionary("specimen:adder"),
    )
    values = tuple(str(n) for n in range(world.OPERANDS))
    slots = Slot("first", values), Slot("second", values)
    start, random = time.perf_counter(), torch.Generator().manual_seed(0)
    by_layer: dict[str, Counter] = {}
    scores, noise = [], []
    for layer, n in enumerate(dictionary.n_features):
        counts = by_layer.setdefault(f"L{layer}", Counter())
        grids = operand_grids(model, dictionary, [(layer, i, EQUALS) for i in range(n)])
        for number, grid in enumerate(grids.values()):
            found = recognise(grid, *slots, arguments.threshold, arguments.draws)
            counts[kind_of(found)] += 1
            if found.pattern is not None:
                scores.append(found.pattern.f1)
            if found.patterns and number % SHUFFLED == 0:
                order = torch.randperm(grid.numel(), generator=random)
                mixed = grid.flatten()[order].view_as(grid)
                mixed = recognise(mixed, *slots, arguments.threshold, arguments.draws)
                noise.append(mixed.pattern is not None)
        print(f"L{layer} ", "  ".join(f"{kind} {counts[kind]}" for kind in KINDS), flush=True)
    total = sum(by_layer.values(), Counter())
    figures = {
        "all": {kind: total[kind] for kind in KINDS},
        **{layer: {kind: counts[kind] for kind in KINDS} for layer, counts in by_layer.items()},
        "f1": round(float(np.median(scores)), 4),
        "noise": round(float(np.mean(noise)), 4),
        "seconds": round(time.perf_counter() - start, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
