"""Dictionaries of a real small model: SAEs, transcoders, a CLT, and a frontier of architectures.

    python benchmarks/frontier.py --model FOLDER --corpus FILE [--runs FOLDER] [--plot FILE]

Trains recipes/stories260k-{frontier,sae,plt,clt}.toml (a run that stands in the folder is used or
continued), then measures every dictionary on held-out documents beside its baselines. The last
line is one JSON object: clt_top1 (share of held-out tokens whose most likely next token is
unchanged when every MLP is replaced by the CLT, attention live), clt_l0 (active features of a
layer per token), frontier (L0, FVU, CE recovered and top-1 of each SAE), minutes (of each
training run).
"""

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from microtome.artifact.names import METRICS
from microtome.cli.progress import progress_bar, training_bar
from microtome.dictionary import Dictionary, load_dictionary
from microtome.evaluation import Evaluation, Figure, Options, Wanted, evaluate_corpus
from microtome.model import LanguageModel
from microtome.training import load_recipe, train
from microtome.training.save import finished, save_run

RECIPES = Path(__file__).parents[1] / "recipes"
NAMES = ("frontier", "sae", "plt", "clt")
CONSOLE = Console(width=100, file=sys.stdout)


def trained(name: str, model: LanguageModel, arguments) -> tuple[list[Dictionary], float]:
    """Dictionaries of a recipe, and the minutes their training took."""
    settings = [f"model={arguments.model}", f"corpus={arguments.corpus}"]
    recipe = load_recipe(RECIPES / f"stories260k-{name}.toml", settings)
    run = arguments.runs / f"stories-{name}"
    if not finished(run, recipe):
        with training_bar(recipe.steps) as bar:
            made = train(recipe, model, None, run, bar.report, harvested=bar.harvested)
        save_run(run, recipe, made)
    lines = [json.loads(line) for line in (run / METRICS).read_text().splitlines()]
    tokens = [0, *(line["tokens"] for line in lines)]
    rates = [line["tokens_per_second"] for line in lines]
    seconds = sum((b - a) / r for a, b, r in zip(tokens, tokens[1:], rates, strict=False))
    return [load_dictionary(run / one.name) for one in recipe.dictionary], seconds / 60


def measured(dictionaries: list[Dictionary], model: LanguageModel, arguments) -> list[Evaluation]:
    whole = any(d.kind in ("plt", "clt") for d in dictionaries)
    options = Options(Wanted(replacement=whole, per_feature=False), token_probes=False)
    with progress_bar("evaluating") as advance:
        return evaluate_corpus(
            model,
            dictionaries,
            str(arguments.corpus),
            tokens=arguments.tokens,
            options=options,
            progress=advance,
        )


def shown(figure: Figure | None, digits: int = 3) -> str:
    if figure is None:
        return "-"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.{digits}f}"
    return f"{figure.value:.{digits}f} ±{(figure.high - figure.low) / 2:.{digits}f}"


COLUMNS = ("L0", "FVU", "CE recovered", "top-1")
KEYS = ("l0", "fvu", "ce_recovered", "top1")


def table(title: str, rows: list[tuple[str, object, str]]) -> None:
    """Rows of a name, figures and a last word."""
    made = Table(box=None, header_style="dim", title=title, title_justify="left")
    made.add_column("")
    for column in COLUMNS:
        made.add_column(column, justify="right")
    made.add_column("beats every baseline")
    for name, figures, word in rows:
        cells = [shown(figures.get(key), 1 if key == "l0" else 3) for key in KEYS]  # pyright: ignore
        made.add_row(name, *cells, word)
    CONSOLE.print(made)
    CONSOLE.print()


def rows_of(found: list[Evaluation]) -> list[tuple[str, object, str]]:
    rows: list[tuple[str, object, str]] = []
    for one in found:
        word = "yes" if all(b.beaten for b in one.baselines) else "no"
        rows.append((Path(one.dictionary).name, one.means, word))
    return rows


def baseline_rows(one: Evaluation) -> list[tuple[str, object, str]]:
    return [(f"  {b.name}", b.means, "") for b in one.baselines]


def plot(found: list[Evaluation], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    curves: dict[str, list[Evaluation]] = {}
    for one in found:
        curves.setdefault(Path(one.dictionary).name.split("-")[0], []).append(one)
    for name, points in curves.items():
        points = sorted(points, key=lambda one: one.means["l0"].value)
        l0 = [one.means["l0"].value for one in points]
        for axis, key in zip(axes, ("fvu", "ce_recovered"), strict=True):
            axis.plot(l0, [one.means[key].value for one in points], "o-", ms=4, lw=1.3, label=name)
    axes[0].set(ylabel="fraction of variance unexplained", yscale="log")
    axes[1].set(ylabel="CE recovered (zero-ablation = 0)")
    axes[0].legend(frameon=False, fontsize=8)
    shares = (0.02, 0.03, 0.05, 0.1, 0.2, 0.3)
    axes[0].set_yticks(shares, labels=[f"{share:g}" for share in shares])
    for axis in axes:
        axis.set(xlabel="L0", xscale="log")
        axis.set_xticks((2, 4, 8, 16, 32), labels=("2", "4", "8", "16", "32"))
        axis.minorticks_off()
        axis.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--tokens", type=int, default=20_000, help="held-out tokens")
    parser.add_argument("--plot", type=Path, help="draw the frontier into this file")
    arguments = parser.parse_args()
    model = LanguageModel.load(arguments.model, device="cpu")
    found: dict[str, list[Evaluation]] = {}
    minutes = {}
    for name in NAMES:
        dictionaries, minutes[name] = trained(name, model, arguments)
        found[name] = measured(dictionaries, model, arguments)
    first = found["frontier"][0]
    print(f"{first.tokens:,} held-out tokens of {first.documents} documents; ± is the 95% interval")
    middle = next(e for e in found["frontier"] if e.dictionary.endswith("batchtopk-k16"))
    rows = [*rows_of(found["frontier"]), ("baselines of batchtopk-k16:", {}, "")]
    table("SAEs of 1,024 features on blocks.2.resid.post", rows + baseline_rows(middle))
    (sae,) = found["sae"]
    word = "yes" if all(b.beaten for b in sae.baselines) else "no"
    sites = [(site.site, site.figures, "") for site in sae.sites]
    mean = [("mean", sae.means, word)]
    table("SAE of 2,048 features after every block", sites + mean + baseline_rows(sae))
    both = found["plt"] + found["clt"]
    table(
        "transcoders, 2,048 features a layer (means over layers; L0 of all that write to a layer)",
        [row for one in both for row in rows_of([one]) + baseline_rows(one)],
    )
    for one in both:
        whole = one.replacement["live"]
        own = sum(d.l0 for d in one.densities) / len(one.densities)
        print(
            f"{Path(one.dictionary).name}: {own:.1f} active features of a layer; every MLP "
            f"replaced, attention live: top-1 agreement {shown(whole['top1'])}, KL "
            f"{shown(whole['kl'])} nats"
        )
    print("training, minutes: " + ", ".join(f"{n} {m:.1f}" for n, m in minutes.items()))
    if arguments.plot:
        plot(found["frontier"], arguments.plot)
    (clt,) = found["clt"]
    frontier = {
        Path(one.dictionary).name: {k: round(one.means[k].value, 4) for k in KEYS if k in one.means}
        for one in found["frontier"]
    }
    print(
        json.dumps(
            {
                "clt_top1": round(clt.replacement["live"]["top1"].value, 4),
                "clt_l0": round(sum(d.l0 for d in clt.densities) / len(clt.densities), 2),
                "frontier": frontier,
                "minutes": {name: round(value, 1) for name, value in minutes.items()},
            }
        )
    )


if __name__ == "__main__":
    main()
