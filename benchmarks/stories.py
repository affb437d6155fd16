"""Trace 20 held-out prompts of a real model with a dictionary trained on its own stories.

    python benchmarks/stories.py --model FOLDER --corpus FILE [--dictionary FOLDER]

Without --dictionary one is trained first by recipes/stories260k-clt.toml (minutes). One text in
20, by hash, is held out of training; prompts are the first 12 to 31 tokens of held-out texts.
The last line is one JSON object: replacement_score and completeness (means over prompts),
worst_residual (largest conservation residual of any row of any graph), replacement_top1 (share of
held-out tokens at which the whole replacement model, attention live, has the model's most likely
next token).
"""

import argparse
import json
import sys
import time
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from microtome.circuit import trace
from microtome.cli.progress import training_bar
from microtome.data import read_texts, split_documents, tokenize_texts
from microtome.dictionary import Dictionary, load_dictionary
from microtome.evaluation import agreement
from microtome.model import LanguageModel
from microtome.training import load_recipe
from microtome.training import train as run_recipe

RECIPE = Path(__file__).parents[1] / "recipes" / "stories260k-clt.toml"
PROMPTS = 20


def train(model: LanguageModel, corpus: Path, recipe_path: Path) -> Dictionary:
    recipe = load_recipe(recipe_path, [f"corpus={corpus}"])
    with training_bar(recipe.steps) as bar:
        start = time.perf_counter()
        found = run_recipe(recipe, model, report=bar.report, harvested=bar.harvested)
    (dictionary,) = found.values()
    shown = ("training_fvu", "training_l0", "dead_share")
    figures = ", ".join(f"{name} {dictionary.info[name]:.3f}" for name in shown)
    print(f"trained {recipe_path.name} in {time.perf_counter() - start:.0f} s: {figures}")
    return dictionary


def table_of(model: LanguageModel, dictionary: Dictionary, prompts: list[torch.Tensor]):
    table = Table(box=None, header_style="dim")
    for name in ("prompt ends in", "tokens", "features", "replacement", "complete", "residual"):
        table.add_column(name, justify="left" if name.startswith("prompt") else "right")
    figures = []
    for tokens in prompts:
        graph = trace(model, tokens, dictionary)
        scores = graph.scores
        figures.append((scores.replacement, scores.completeness, scores.worst_residual))
        table.add_row(
            "".join(graph.prompt.strings)[-36:].replace("\n", " "),
            str(len(graph.prompt.tokens)),
            str(len(graph.nodes.where("feature"))),
            *(f"{value:.3f}" for value in figures[-1][:2]),
            f"{figures[-1][2]:.1e}",
        )
    return table, torch.tensor(figures, dtype=torch.float64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--dictionary", help="use this one instead of training one")
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    arguments = parser.parse_args()
    model = LanguageModel.load(arguments.model, device="cpu")
    _, held_out = split_documents(read_texts(arguments.corpus))
    if arguments.dictionary:
        dictionary = load_dictionary(arguments.dictionary)
    else:
        dictionary = train(model, arguments.corpus, arguments.recipe)
    prompts = [model.tokenize(text)[:, : 12 + i] for i, text in enumerate(held_out[:PROMPTS])]
    table, figures = table_of(model, dictionary, prompts)
    Console(width=100, file=sys.stdout).print(table)
    blocks = [
        part[:, :128] for part in tokenize_texts(model, held_out[:60], 128) if part.shape[1] > 8
    ]
    same = agreement(model, dictionary, blocks, slice(1, None)).double()
    print(f"replacement model: same top-1 at {float(same.mean()):.3f} of {len(same):,} tokens")
    means = figures.mean(0)
    print(
        json.dumps(
            {
                "replacement_score": round(float(means[0]), 4),
                "completeness": round(float(means[1]), 4),
                "worst_residual": float(figures[:, 2].max()),
                "replacement_top1": round(float(same.mean()), 4),
            }
        )
    )


if __name__ == "__main__":
    main()
