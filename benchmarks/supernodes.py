"""Supernodes of adder prompts: quality, agreement with the model, agreement with known concepts.

    python benchmarks/supernodes.py [--prompts 20] [--seed 0]

Groups are made from each graph and the dictionary; labels are left out, so that known concepts are
a test. The last line is one JSON object, means over prompts: quality (kept less that of random
groupings of the same sizes), quality_kmeans (of plain k-means on the same profiles, with as many
groups), quality_kmeans_best (with the number of groups best for it), over_kmeans and
over_kmeans_best (the differences), beyond_layers (against random groupings with the same layers),
additivity (ablating a group against the sum of ablating its members, attention live), concepts
(adjusted Rand index with what labels say features respond to); _kmeans and _random are the same of
k-means and of random groupings of the same sizes.
"""

import argparse
import json
import re

import numpy as np
import torch
from sklearn.metrics import adjusted_rand_score

from microtome.circuit import prune, trace
from microtome.circuit.supernode import agreement, group
from microtome.circuit.supernode.cluster import k_means, random_groupings
from microtome.circuit.supernode.grouping import with_groups
from microtome.circuit.supernode.likeness import profiles
from microtome.circuit.supernode.quality import quality
from microtome.dictionary import Dictionary
from microtome.intervention import hold
from microtome.model import LanguageModel
from microtome.specimen import load_dictionary, load_model
from microtome.specimen.adder import world
from microtome.specimen.adder.label import label_as_atlas

RANDOM = 10
"""Random groupings that are ablated, for each prompt."""
NUMBERS = range(2, 31, 2)
"""Numbers of groups of which k-means may choose the best."""

CONCEPTS = {
    "digit of the sum": r"sum ends in",
    "size of the sum": r"sum \d|sum of 100|carry|no carry",
    "both digits": r"first ends in .*, second in",
    "both tens": r"first \d.*, second \d",
    "an operand's digit": r"(first|second) operand ends in",
    "an operand's size": r"(first|second) operand \d",
    "a place": r"“",
}
"""What a label says that a feature responds to."""


def concept(label: str) -> str:
    found = (name for name, pattern in CONCEPTS.items() if re.match(pattern, label))
    return next(found, "none")


def measure(model: LanguageModel, dictionary: Dictionary, prompt: str) -> dict[str, float]:
    """All figures of one prompt."""
    graph = trace(model, prompt, dictionary)
    grouping = group(prune(graph), dictionary)
    flow, labels = grouping.flow, grouping.labels
    number = len(grouping.groups)
    plain = k_means(profiles(flow), flow.position, number)
    numbers = [n for n in NUMBERS if n <= flow.n_features]
    tried = [k_means(profiles(flow), flow.position, n) for n in numbers]
    best = max(quality(flow, one).value for one in tried)
    ours, theirs = grouping.quality, quality(flow, plain)
    baseline = hold(model, torch.tensor([graph.prompt.tokens]), dictionary)
    labelled = label_as_atlas(graph, dictionary)
    assert labelled is not None
    known = [concept(labelled.nodes.label[i]) for i in flow.nodes[: flow.n_features]]
    chance = list(random_groupings(labels, flow.position, RANDOM))
    acts = agreement(grouping, baseline)
    by_chance = [agreement(with_groups(grouping, one), baseline) for one in chance]
    return {
        "features": flow.n_features,
        "groups": number,
        "kept": ours.kept,
        "kept_kmeans": theirs.kept,
        "random": ours.random,
        "quality": ours.value,
        "quality_kmeans": theirs.value,
        "quality_kmeans_best": best,
        "over_kmeans": ours.value - theirs.value,
        "over_kmeans_best": ours.value - best,
        "beyond_layers": ours.beyond_layers,
        "beyond_layers_kmeans": theirs.beyond_layers,
        "between": ours.between,
        "between_random": ours.random_between,
        "additivity": acts.value,
        "additivity_kmeans": agreement(with_groups(grouping, plain), baseline).value,
        "additivity_random": float(np.median([one.value for one in by_chance])),
        "slope": acts.slope,
        "slope_random": float(np.median([one.slope for one in by_chance])),
        "effect": float(acts.at_once.abs().mean()),
        "effect_random": float(np.mean([float(one.at_once.abs().mean()) for one in by_chance])),
        "concepts": adjusted_rand_score(known, labels),
        "concepts_kmeans": adjusted_rand_score(known, plain),
        "concepts_random": float(np.mean([adjusted_rand_score(known, one) for one in chance])),
    }


def interval(values: np.ndarray, seed: int = 0, draws: int = 10_000) -> tuple[float, float]:
    """95% bootstrap interval of a mean over prompts."""
    at = np.random.default_rng(seed).integers(len(values), size=(draws, len(values)))
    low, high = np.quantile(values[at].mean(1), [0.025, 0.975])
    return float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="the seed the adder was made from")
    arguments = parser.parse_args()
    model = load_model("specimen:adder", device="cpu")
    dictionary = load_dictionary("specimen:adder")
    pairs = world.split_pairs(arguments.seed).held_out[: arguments.prompts].tolist()
    found = [measure(model, dictionary, world.prompt(*pair)) for pair in pairs]
    means = {}
    for name in found[0]:
        values = np.array([one[name] for one in found])
        low, high = interval(values)
        means[name] = round(float(values.mean()), 4)
        print(f"{name:22} {values.mean():7.3f}   [{low:.3f}, {high:.3f}]")
    print(json.dumps({"prompts": len(found), **means}))


if __name__ == "__main__":
    main()
