"""How fast an atlas is built, in how much memory, and how fast its pages are read.

    python benchmarks/atlas.py [--small] [--size small|gpt2] [--features N] [--folder FOLDER]

Speed: random tokens through a random model; harvesting the sites that a random TopK SAE reads,
and building (harvest, encode, collect), in turns. What follows the pass costs by the feature, not
by the token, and is printed beside. Memory: builds of N and of 4 N tokens, each in a process of
its own. Pages: an atlas of a million made-up features in the files that a build writes; features
drawn at random, each read once, the files in the system's cache or not as it happens.

The last line is one JSON object: build_ratio (build tokens/s over harvest tokens/s, medians of
the turns), peak_gb (largest resident memory of the builds), peak_gb_short and peak_gb_long (of N
and of 4 N tokens), p95_ms and median_ms (of a page's data), features and examples of that atlas.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from atlas_synthetic import write_synthetic
from harvest import CONFIGS, random_blocks, random_model
from microtome.atlas import BuildOptions, build_atlas
from microtome.atlas.candidates import bytes_per_feature
from microtome.atlas.collect import Collected, Collector
from microtome.atlas.query import open_atlas
from microtome.atlas.share import Share
from microtome.data import TokenPolicy, stream_activations
from microtome.dictionary import Activation, Decoder, Dictionary, Encoder
from microtome.model import LanguageModel

ROWS, CONTEXT = 16, 128


def random_sae(model: LanguageModel, features: int, k: int = 32) -> Dictionary:
    """A TopK SAE of the last layer's output."""
    site, d = f"blocks.{model.n_layers - 1}.resid.post", model.d_model
    generator = torch.Generator().manual_seed(0)
    weight = torch.nn.functional.normalize(torch.randn(features, d, generator=generator), dim=1)
    return Dictionary(
        reads=(site,),
        writes=(site,),
        encoders=(Encoder(weight, torch.zeros(features), Activation("topk", k=k)),),
        decoders=(Decoder(weight[:, None], (0,)),),
        biases=(torch.zeros(d),),
        name="random SAE",
    )


def speed(model: LanguageModel, dictionary: Dictionary, blocks: int, repeat: int) -> float:
    """Building's tokens a second over harvesting's."""
    tokens, options = random_blocks(model, ROWS, CONTEXT, blocks), BuildOptions()
    collected = Collected.empty(sum(dictionary.n_features), model.d_vocab, options)
    collector, policy = Collector(model, dictionary, options), TokenPolicy.of(dictionary)

    def harvest() -> None:
        for rows in stream_activations(model, tokens, dictionary.reads, policy):
            assert len(rows)

    def build() -> None:
        collector.run(Share(lambda: tokens, options.tokens_at_once, None), collected)

    rates: dict[str, list[float]] = {"harvest": [], "build": []}
    for turn in range(repeat + 1):
        for name, work in (("harvest", harvest), ("build", build)):
            start = time.perf_counter()
            work()
            if turn:  # the first compiles
                elapsed = time.perf_counter() - start
                rates[name].append(blocks * ROWS * CONTEXT / elapsed)
    median = {name: statistics.median(values) for name, values in rates.items()}
    print(
        f"{model.name}: {model.n_layers} layers, d {model.d_model}; TopK SAE of "
        f"{sum(dictionary.n_features):,} features at {dictionary.reads[0]}; "
        f"{torch.get_num_threads()} threads, {repeat} turns of {blocks * ROWS * CONTEXT:,} tokens"
    )
    for name, values in rates.items():
        print(
            f"{name:8} {median[name]:10,.0f} tokens/s (median; {min(values):,.0f} to "
            f"{max(values):,.0f})"
        )
    ratio = median["build"] / median["harvest"]
    print(f"building runs at {ratio:.2f} of harvesting")
    return ratio


def one_build(size: str, features: int, tokens: int) -> None:
    """Build an atlas in this process, and print its peak memory and the time of its stages."""
    model = random_model(size)
    dictionary = random_sae(model, features)
    blocks = tokens // (ROWS * CONTEXT)
    began: dict[str, float] = {}

    def report(stage: str, done: int, total: int) -> None:
        began.setdefault(stage, time.perf_counter())

    def source():
        generator = torch.Generator().manual_seed(1)  # one block at a time: the corpus is no memory
        for _ in range(blocks):
            yield torch.randint(model.d_vocab, (ROWS, CONTEXT), generator=generator)

    with tempfile.TemporaryDirectory() as folder:
        options = BuildOptions(tokens=None)
        build_atlas(model, dictionary, source, Path(folder) / "atlas", options, report)
    ends = [*list(began.values())[1:], time.perf_counter()]
    seconds = {name: end - at for (name, at), end in zip(began.items(), ends, strict=True)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    print(json.dumps({"peak_gb": peak, "seconds": seconds}))


def memory(size: str, features: int, tokens: int) -> list[float]:
    """Peak memory of builds of so many tokens and of four times as many."""
    peaks = []
    for n in (tokens, 4 * tokens):
        command = [sys.executable, __file__, "--one-build", str(n)]
        command += ["--size", size, "--features", str(features)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        found = json.loads(done.stdout.splitlines()[-1])
        peaks.append(found["peak_gb"])
        stages = ", ".join(f"{name} {s:.1f} s" for name, s in found["seconds"].items())
        print(f"build of {n:,} tokens: peak {found['peak_gb']:.2f} GB; {stages}", flush=True)
    kept = features * bytes_per_feature(BuildOptions()) / 1e9
    print(f"what is kept of {features:,} features takes {kept:.2f} GB of it at most")
    return peaks


def pages(folder: Path, features: int, reads: int) -> tuple[float, float, int]:
    """95th percentile and median of a page's latency in ms, and how many examples there are."""
    path, start = folder / "atlas", time.perf_counter()
    examples = write_synthetic(path, features)
    size = sum(file.stat().st_size for file in path.iterdir()) / 1e9
    print(
        f"synthetic atlas: {features:,} features, {examples:,} examples, {size:.2f} GB, written in "
        f"{time.perf_counter() - start:.0f} s",
        flush=True,
    )
    atlas, rng = open_atlas(path), np.random.default_rng(1)
    encoders = atlas.content.encoders
    start = time.perf_counter()
    atlas.page(0, 0)
    print(
        f"first page of all, which loads the columns of lists: {time.perf_counter() - start:.2f} s"
    )
    times = []
    for number in rng.choice(features, reads, replace=False).tolist():
        encoder = next(i for i, e in enumerate(encoders) if number < e.first_id + e.features)
        start = time.perf_counter()
        page = atlas.page(encoder, number - encoders[encoder].first_id)
        times.append((time.perf_counter() - start) * 1e3)
        assert page.id == number
        assert sum(len(band.examples) for band in page.bands) == examples // features
    p95, middle = np.percentile(times, 95), statistics.median(times)
    print(f"page: median {middle:.1f} ms, 95th percentile {p95:.1f} ms of {reads:,} reads")
    return float(p95), middle, examples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="seconds: sizes that show it runs")
    parser.add_argument("--size", choices=CONFIGS, default="small", help="of the random model")
    parser.add_argument("--features", type=int, default=None, help="of the random SAE")
    parser.add_argument("--tokens", type=int, default=None, help="N of the memory builds")
    parser.add_argument("--atlas-features", type=int, default=None, help="of the made-up atlas")
    parser.add_argument("--repeat", type=int, default=None, help="turns")
    parser.add_argument("--folder", type=Path, default=None, help="where there are 6 GB of room")
    parser.add_argument("--one-build", type=int, default=None, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    small = arguments.small
    features = arguments.features or (512 if small else 4096)
    if arguments.one_build:
        one_build(arguments.size, features, arguments.one_build)
        return
    model = random_model(arguments.size)
    repeat = arguments.repeat or (2 if small else 9)
    ratio = speed(model, random_sae(model, features), 2 if small else 8, repeat)
    short, long = memory(arguments.size, features, arguments.tokens or (8192 if small else 200_000))
    with tempfile.TemporaryDirectory(prefix="microtome-atlas-", dir=arguments.folder) as folder:
        n = arguments.atlas_features or (20_000 if small else 1_000_000)
        p95, middle, examples = pages(Path(folder), n, 200 if small else 2000)
    print(
        json.dumps(
            {
                "build_ratio": round(ratio, 3),
                "peak_gb": round(max(short, long), 3),
                "p95_ms": round(p95, 2),
                "median_ms": round(middle, 2),
                "peak_gb_short": round(short, 3),
                "peak_gb_long": round(long, 3),
                "features": n,
                "examples": examples,
            }
        )
    )


if __name__ == "__main__":
    main()
