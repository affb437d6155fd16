"""Time of a training step over the time of its encoders' matrix products, in one run.

    python benchmarks/train.py [--repeat N] [--curve-steps N] [--plot FILE]

An SAE (d 512, 16,384 features, k 32, batch 1,024, float32) and a CLT (6 layers, d 256, 2,048
features a layer, k 16 a layer). A step is all of it: encode, select, decode, gradients, Adam,
norms, dead-feature counts; activations are at hand. Products and steps take turns; times are
medians. Then the loss of the SAE with 4,096 features beside a dense reference in plain
autograd, from the same start on the same batches. The last line is one JSON object: topk_ratio,
batchtopk_ratio, clt_ratio, and curve_difference (largest relative difference of the two losses).
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from microtome.training import DictionaryRecipe, Recipe
from microtome.training.layout import layout
from microtome.training.learner import Learner, schedule
from microtome.training.mesh import ALONE
from microtome.training.normalise import Scale

BATCH = 1024


def activations(n: int, d: int, seed: int) -> Tensor:
    """Rows of mean square 1 out of 4 d directions, 16 of them active on a row, and some noise."""
    generator = torch.Generator().manual_seed(seed)
    directions = torch.nn.functional.normalize(torch.randn(4 * d, d, generator=generator), dim=1)
    chosen = torch.randint(4 * d, (n, 16), generator=generator)
    size = torch.rand(n, 16, 1, generator=generator) + 0.5
    x = (directions[chosen] * size).sum(1)
    x = x + 0.1 * torch.randn(n, d, generator=generator) * x.std()
    return (x - x.mean(0)) / x.std()


def learner(d: int, n_layers: int, steps: int, **dictionary) -> Learner:
    recipe = DictionaryRecipe.model_validate(dictionary)
    run = Recipe(batch_size=BATCH, steps=steps, warmup=20, dictionary=(recipe,))
    sites = layout(recipe, n_layers)
    scales = {site: Scale(torch.zeros(d), torch.ones(())) for site in sites.sites}
    return Learner(run, recipe, sites, scales, ALONE)


def in_turns(product: Callable, step: Callable, repeat: int) -> tuple[float, float]:
    """Median seconds of both, after three of each that do not count."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(repeat + 3):
        for call, found in zip((product, step), times, strict=True):
            start = time.perf_counter()
            call()
            if turn >= 3:
                found.append(time.perf_counter() - start)
    return median(times[0]), median(times[1])


def ratio(name: str, made: Learner, rows: dict[str, Tensor], repeat: int) -> float:
    """Step over products, printed."""
    coder, n = made.coder, len(next(iter(rows.values())))
    reads = [rows[site][:BATCH] for site in made.layout.reads]
    outs = [torch.empty(BATCH, len(w)) for w in coder.encoders]
    at = 0

    @torch.no_grad()
    def product() -> None:
        for x, weight, bias, out in zip(
            reads, coder.encoders, coder.encoder_biases, outs, strict=True
        ):
            torch.addmm(bias, x, weight.T, out=out)

    def step() -> None:
        nonlocal at
        begin = at * BATCH % (n - BATCH + 1)
        made.step(at, {site: x[begin : begin + BATCH] for site, x in rows.items()})
        at += 1

    alone, whole = in_turns(product, step, repeat)
    rate = sum(2 * BATCH * w.numel() for w in coder.encoders) / alone / 1e9
    print(
        f"{name:<10} products {1e3 * alone:6.1f} ms ({rate:3.0f} GFLOP/s)   step "
        f"{1e3 * whole:6.1f} ms   ratio {whole / alone:.2f}"
    )
    return whole / alone


class Dense:
    """TopK training as the paper writes it: dense codes, autograd, Adam, unit decoders."""

    def __init__(self, like: Learner):
        coder = like.coder
        self.run, self.k = like.run, like.recipe.k
        self.w_enc, self.b_enc, self.w_dec, self.b_dec = (
            p.detach().clone().requires_grad_()
            for p in (
                coder.encoders[0],
                coder.encoder_biases[0],
                coder.decoders[0],
                coder.decoder_bias,
            )
        )
        parameters = [self.w_enc, self.b_enc, self.w_dec, self.b_dec]
        self.learning_rate = like.recipe.learning_rate
        self.adam = torch.optim.Adam(parameters, lr=self.learning_rate, betas=(0.9, 0.999))

    def step(self, step: int, x: Tensor) -> float:
        pre = x @ self.w_enc.T + self.b_enc
        kept = pre.topk(self.k, dim=1)
        codes = torch.zeros_like(pre).scatter(1, kept.indices, kept.values.relu())
        loss = (codes @ self.w_dec + self.b_dec - x).pow(2).mean()
        self.adam.zero_grad()
        loss.backward()
        grad = self.w_dec.grad
        assert grad is not None
        with torch.no_grad():
            grad -= (grad * self.w_dec).sum(1, keepdim=True) * self.w_dec
        self.adam.param_groups[0]["lr"] = self.learning_rate * schedule(self.run, step)
        self.adam.step()
        with torch.no_grad():
            self.w_dec /= self.w_dec.norm(dim=1, keepdim=True)
        return float(loss.detach())


def curves(steps: int, d: int = 512) -> tuple[list[float], list[float]]:
    """Losses of both, from one start on the same batches."""
    made = learner(d, 1, steps, architecture="topk", features=4096, k=32, dead="none")
    (site,) = made.layout.sites
    rows = activations(32 * BATCH, d, 1)
    with torch.no_grad():
        made.coder.start([rows[:BATCH]], rows[:BATCH])
    dense = Dense(made)
    ours, theirs = [], []
    for step in range(1, steps + 1):  # the start, which belongs to step 0, is behind us
        begin = step * BATCH % len(rows)
        x = rows[begin : begin + BATCH]
        made.averages.zero_()
        made.step(step, {site: x})
        ours.append(float(made.averages[0]) / 0.05)  # one step's weight in the running mean
        theirs.append(dense.step(step, x))
    return ours, theirs


def plot(ours: list[float], theirs: list[float], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (top, bottom) = plt.subplots(
        2, 1, figsize=(7, 4.6), sharex=True, height_ratios=(3, 1), layout="constrained"
    )
    top.plot(theirs, color="0.7", linewidth=5, label="dense reference, plain autograd")
    top.plot(ours, color="tab:blue", linewidth=1.4, label="microtome, sparse kernels")
    top.set(ylabel="loss")
    top.legend(frameon=False)
    gap = [abs(a - b) / b for a, b in zip(ours, theirs, strict=True)]
    bottom.plot(gap, color="tab:blue", linewidth=1)
    bottom.set(xlabel="step", ylabel="difference", yscale="log")
    for axis in (top, bottom):
        axis.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--curve-steps", type=int, default=150)
    parser.add_argument("--plot", type=Path, help="draw both losses into this file")
    arguments = parser.parse_args()
    figures: dict[str, float] = {}
    rows = {"blocks.0.resid.post": activations(8 * BATCH, 512, 0)}
    for name in ("topk", "batchtopk"):
        made = learner(512, 1, 10_000, architecture=name, features=16_384, k=32)
        figures[f"{name}_ratio"] = ratio(name, made, rows, arguments.repeat)
        del made
    made = learner(256, 6, 10_000, kind="clt", architecture="topk", features=2048, k=16)
    layers = {site: activations(8 * BATCH, 256, i) for i, site in enumerate(made.layout.sites)}
    figures["clt_ratio"] = ratio("clt", made, layers, arguments.repeat)
    ours, theirs = curves(arguments.curve_steps)
    gaps = [abs(a - b) / b for a, b in zip(ours, theirs, strict=True)]
    figures["curve_difference"] = max(gaps)
    print(
        f"loss after {len(ours)} steps: {ours[-1]:.4f}, dense reference {theirs[-1]:.4f}; largest "
        f"difference on the way {max(gaps):.1e}"
    )
    if arguments.plot:
        plot(ours, theirs, arguments.plot)
    print(json.dumps({name: round(value, 6) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
