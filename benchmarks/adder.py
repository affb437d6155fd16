"""The bundled adder: does it add, and does its dictionary stand in for its MLPs?

    python benchmarks/adder.py [--dictionary specimen:adder|specimen:adder/plt|FOLDER]

The last line is one JSON object: accuracy (held-out pairs, first guise), accuracy_other_guises
(the lower of the other two), accuracy_exercises (the lowest of the exercises in place value),
replacement_top1 (share of all held-out prompts at which the whole
replacement model, attention live, has the model's own most likely next token), replacement_score
(mean over the graphs of 100 held-out prompts in the first guise).
"""

import argparse
import json

import torch

from microtome.circuit import trace
from microtome.evaluation import agreement
from microtome.specimen import load_dictionary, load_model
from microtome.specimen.adder import world
from microtome.specimen.adder.evaluate import accuracy

PROMPTS = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="specimen:adder")
    parser.add_argument("--dictionary", default="specimen:adder")
    parser.add_argument("--seed", type=int, default=0, help="the seed the adder was made from")
    arguments = parser.parse_args()
    model = load_model(arguments.model, device="cpu")
    dictionary = load_dictionary(arguments.dictionary)
    held_out = world.split_pairs(arguments.seed).held_out
    right = {task: accuracy(model, held_out, task) for task in world.TASKS}
    first, *others = world.GUISES
    exercises = min(right[task] for task in world.EXERCISES)
    same, active = {}, {}
    for guise in world.GUISES:
        tokens = world.prompt_tokens(held_out, guise)
        same[guise] = agreement(model, dictionary, [tokens], slice(-1, None)).double()
        run = model.run(tokens, dictionary.reads)
        inputs = [run[site][:, 1:].flatten(0, 1) for site in dictionary.reads]
        active[guise] = sum(c.n_active for c in dictionary.encode(inputs)) / len(inputs[0])
    scores = torch.tensor(
        [
            (graph.scores.replacement, graph.scores.completeness, graph.scores.worst_residual)
            for pair in held_out[:PROMPTS].tolist()
            for graph in [trace(model, world.prompt(*pair, guise=first), dictionary)]
        ]
    )
    for guise in world.GUISES:
        print(
            f"{guise:9} accuracy {right[guise]:.4f}, replacement top-1 "
            f"{float(same[guise].mean()):.4f}, active features a token {active[guise]:.1f}"
        )
    for task in world.EXERCISES:
        print(f"{task:13} accuracy {right[task]:.4f}")
    means = scores.mean(0)
    print(
        f"{PROMPTS} graphs: replacement score {means[0]:.3f} (lowest {scores[:, 0].min():.3f}), "
        f"completeness {means[1]:.3f}, worst residual {scores[:, 2].max():.1e}"
    )
    print(
        json.dumps(
            {
                "accuracy": round(right[first], 5),
                "accuracy_other_guises": round(min(right[g] for g in others), 5),
                "accuracy_exercises": round(exercises, 5),
                "replacement_top1": round(float(torch.cat(list(same.values())).mean()), 5),
                "replacement_score": round(float(means[0]), 4),
            }
        )
    )


if __name__ == "__main__":
    main()
