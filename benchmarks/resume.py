"""Kill a run at random moments, resume it, and compare the weights with those of a whole run.

    python benchmarks/resume.py [--kills N] [--seed N]

`microtome train` on the bundled adder, 300 steps, streaming through a shuffle buffer, with a
checkpoint every 20 steps; a BatchTopK CLT and a JumpReLU SAE. One run is left alone. For each
kill a new run is started, killed with SIGKILL within 50 ms after a step drawn at random, and
started again. After every kill everything in the run's folder that looks whole is read. The last
line is one JSON object: kills, identical (runs whose final weights are bit-identical), unreadable
(artifacts or checkpoints that looked whole and were not), at_steps (how far each run was when it
was killed).
"""

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from microtome.artifact.names import METRICS
from microtome.dictionary import load_dictionary
from microtome.errors import MicrotomeError
from microtome.training.checkpoint import checkpoints, empty_like

RECIPE = """
model = "specimen:adder"
context = 16
held_out = 0.0
buffer = 2048
steps = 300
batch_size = 128
warmup = 20
checkpoint_every = 20
report_every = 1
tensorboard = false
[[dictionary]]
name = "clt"
kind = "clt"
features = 256
k = 8
[[dictionary]]
name = "sae"
kind = "sae"
architecture = "jumprelu"
layers = [1]
features = 256
"""


def start(folder: Path, run: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "microtome", "train", str(folder / "recipe.toml")]
    command += ["--set", f"corpus={folder / 'sums.txt'}", "--out", str(folder / run)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def steps_of(run: Path) -> int:
    """Steps that a run has reported."""
    file = run / METRICS
    return file.read_bytes().count(b"\n") if file.is_file() else 0


def finish(process: subprocess.Popen) -> None:
    _, errors = process.communicate()
    if process.returncode:
        raise SystemExit(errors.decode())


def unreadable(run: Path) -> int:
    """Things under their final names that cannot be read."""
    bad = 0
    for _, path in checkpoints(run):
        try:
            empty_like(path, "")
        except MicrotomeError:
            bad += 1
    for name in ("clt", "sae"):
        if (run / name).exists():
            try:
                load_dictionary(run / name)
            except MicrotomeError:
                bad += 1
    return bad


def fingerprints(run: Path) -> list[str]:
    return [load_dictionary(run / name).fingerprint for name in ("clt", "sae")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    moments = random.Random(arguments.seed)
    folder = Path(tempfile.mkdtemp(prefix="microtome-resume-"))
    sums = [f"{a} + {b} =" for a in range(100) for b in range(100)]
    moments.shuffle(sums)
    (folder / "sums.txt").write_text("\n\n".join(sums[:5000]))
    (folder / "recipe.toml").write_text(RECIPE)
    finish(start(folder, "whole"))
    expected = fingerprints(folder / "whole")
    identical, bad, steps = 0, 0, []
    for kill in range(arguments.kills):
        run = folder / f"killed-{kill}"
        process = start(folder, run.name)
        wanted, pause = moments.randrange(300), moments.uniform(0, 0.05)
        while steps_of(run) < wanted and process.poll() is None:
            time.sleep(0.002)
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        bad += unreadable(run)
        steps.append(steps_of(run))
        finish(start(folder, run.name))
        same = fingerprints(run) == expected
        identical += same
        word = "identical" if same else "DIFFERENT"
        print(f"killed at step {steps[-1]:3d}: {word}", flush=True)
    shutil.rmtree(folder)
    print(
        json.dumps(
            {"kills": arguments.kills, "identical": identical, "unreadable": bad, "at_steps": steps}
        )
    )


if __name__ == "__main__":
    main()
