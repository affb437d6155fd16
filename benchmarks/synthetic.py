"""Every architecture on activations whose directions are known.

    python benchmarks/synthetic.py [--steps N]

512 random directions in 128 dimensions; each is active on a token with a probability that falls
as a power of its rank, 8 of them on average, with sizes from 0.5 to 1.5, under noise. SAEs of 512
features each are trained on one stream of data. The table: mean cosine of features matched one
to one with directions (MCC), share of features that stand for a direction of their own, mean F1
of their firing, L0 and FVU on fresh tokens. The last line is one JSON object: mcc (of the best
architecture), best, and the table.
"""

import argparse
import json
import sys

from rich.console import Console
from rich.table import Table

from microtome.cli.progress import training_bar
from microtome.data.batches import MemoryBatches
from microtome.evaluation import firing_f1, match_directions
from microtome.specimen.synthetic import SyntheticOptions, SyntheticStream
from microtome.specimen.synthetic.source import SITE
from microtome.training import ARCHITECTURES, make_recipe, train_on

WORLD = SyntheticOptions(d=128, directions=512, active=8, exponent=0.5, noise=0.077)
"""Noise of 0.02 in each dimension."""
TRAINING, FRESH = 1, 2
"""Seeds of the streams."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=4000)
    arguments = parser.parse_args()
    shared = {"features": WORLD.directions, "k": int(WORLD.active)}
    shared |= {"learning_rate": 2e-3, "dead_after": 100_000}
    sparse = {
        "relu": {"sparsity": 0.02},
        "gated": {"sparsity": 0.04},
        "jumprelu": {"penalty": "target_l0", "target_l0": WORLD.active, "sparsity": 1.0},
    }
    tables = [
        shared
        | {"name": name, "architecture": name, "initial_l0": 32, "bandwidth": 0.2}
        | sparse.get(name, {})
        for name in ARCHITECTURES
    ]
    run = {"steps": arguments.steps, "batch_size": 1024, "decay": 0.5, "tensorboard": False}
    recipe = make_recipe(run | {"dictionary": tables})
    stream = SyntheticStream(WORLD)
    x = stream.sample(400_000, TRAINING).activations
    with training_bar(arguments.steps) as bar:
        made = train_on(MemoryBatches({SITE: x}), recipe, 1, report=bar.report)
    drawn = stream.sample(20_000, FRESH)
    fresh, fires = drawn.activations, drawn.firings.dense() > 0
    variance = (fresh - fresh.mean(0)).double().pow(2).sum()
    table = Table(box=None, header_style="dim")
    for column in ("architecture", "MCC", "unique", "firing F1", "L0", "FVU"):
        table.add_column(column, justify="left" if column == "architecture" else "right")
    figures: dict[str, dict[str, float]] = {}
    for name, dictionary in made.items():
        match = match_directions(dictionary.decoders[0].weight[:, 0], stream.world.directions)
        (codes,) = dictionary.encode([fresh])
        (back,) = dictionary.reconstruct([fresh], [codes])
        figures[name] = {
            "mcc": match.mcc,
            "unique": match.uniqueness,
            "f1": float(firing_f1(codes, fires, match.pairs).mean()),
            "l0": codes.n_active / codes.n_rows,
            "fvu": float((fresh - back).double().pow(2).sum() / variance),
        }
        row = figures[name]
        table.add_row(
            name,
            *(f"{row[k]:.3f}" for k in ("mcc", "unique", "f1")),
            f"{row['l0']:.1f}",
            f"{row['fvu']:.4f}",
        )
    Console(width=100, file=sys.stdout).print(table)
    best = max(figures, key=lambda name: figures[name]["mcc"])
    rounded = {n: {k: round(v, 4) for k, v in row.items()} for n, row in figures.items()}
    print(json.dumps({"mcc": rounded[best]["mcc"], "best": best, "table": rounded}))


if __name__ == "__main__":
    main()
