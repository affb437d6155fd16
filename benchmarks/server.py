"""Soak the server: mixed requests from 16 clients, then kill -9 in the middle of writes.

    python benchmarks/server.py [--minutes 10] [--clients 16] [--seed 0]

A folder is made with graphs and a run of the bundled adder, and served with its atlas by
`microtome serve` in a process of its own. Every client reads entries, graphs, pages, lists, the
map, searches, metrics and exports, edits labels that all of them share (each edit starts from what
stands and is tried again on a conflict), saves views, and asks for X-rays, operand plots and now
and then a trace, whose events it follows or which it cancels. Then eight writers write as fast as
they can, the server is killed with SIGKILL, and started again.

The last line is one JSON object: requests; errors_5xx (answers of 500 and above, and requests
that got no answer while the server was up); p95_ms (95th-percentile time of an answer, streams of
events apart); rss_start_mb and rss_end_mb (memory of the server after a minute, or a fifth of the
time, and at the end); lost_edits (accepted edits that a label's count lacks at the end);
lost_acknowledged (writes that were answered before the kill and are not there after it).
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np

import microtome as mt
from microtome.server import entry_id
from microtome.specimen.adder import world

SHARED_FEATURES = 40
SPECIMEN = {"model": "specimen:adder", "dictionary": "specimen:adder"}


def make_library(folder: Path) -> None:
    """Two graphs, and a run whose metrics grow."""
    model, read = (
        mt.load_model("specimen:adder", device="cpu"),
        mt.load_dictionary("specimen:adder"),
    )
    for name, (a, b) in {"sum": (36, 59), "other": (7, 88)}.items():
        mt.trace(model, world.prompt(a, b), read).save(folder / "graphs" / name)
    run = folder / "runs" / "growing"
    run.mkdir(parents=True)
    (run / "recipe.json").write_text(json.dumps({"steps": 10**6, "dictionary": [{"name": "x"}]}))
    grow(run / "metrics.jsonl", 0)


def grow(metrics: Path, step: int) -> None:
    with metrics.open("a") as file:
        file.write(json.dumps({"step": step, "x": {"loss": 1 / (1 + step)}}) + "\n")


class Served:
    """`microtome serve` in a process."""

    def __init__(self, folder: Path):
        command = [sys.executable, "-m", "microtome", "serve", str(folder), "--port", "0"]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [*command, "--no-browser", "--json"], stdout=subprocess.PIPE, env=environment
        )
        assert self.process.stdout is not None
        self.url: str = json.loads(self.process.stdout.readline())["url"]

    def rss_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def end(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        self.process.wait(60)


@dataclass
class Tally:
    """What all clients have seen."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    edits: Counter[int] = field(default_factory=Counter)
    """Accepted edits by feature."""
    conflicts: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Client:
    """One reader and writer, who asks at random."""

    def __init__(self, url: str, folder: Path, tally: Tally, seed: int):
        self.http = httpx.Client(base_url=url, timeout=120)
        self.tally, self.random = tally, random.Random(seed)
        self.graphs = [entry_id(folder / "graphs" / name) for name in ("sum", "other")]
        self.atlas = f"/api/atlases/{entry_id('specimen:adder/atlas')}"
        self.run = f"/api/runs/{entry_id(folder / 'runs' / 'growing')}"
        self.metrics = 0

    def ask(self, method: str, path: str, **more) -> httpx.Response | None:
        began = time.perf_counter()
        try:
            answer = self.http.request(method, path, **more)
        except httpx.HTTPError as error:
            with self.tally.lock:
                self.tally.errors.append(f"{method} {path}: {error!r}")
            return None
        with self.tally.lock:
            self.tally.seconds.append(time.perf_counter() - began)
            self.tally.statuses[answer.status_code] += 1
            if answer.status_code >= 500:
                self.tally.errors.append(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer

    def until(self, end: float) -> None:
        doings = (
            (30, self.read), (10, self.search), (25, self.edit), (3, self.save_view),
            (3, self.xray), (1, self.operands), (0.4, self.trace),
        )  # fmt: skip
        weights = [weight for weight, _ in doings]
        while time.monotonic() < end:
            self.random.choices(doings, weights)[0][1]()
            time.sleep(self.random.random() * 0.05)

    def read(self) -> None:
        graph = self.random.choice(self.graphs)
        feature = f"{self.random.randrange(4)}/{self.random.randrange(1024)}"
        paths = (
            "/api/library", f"/api/artifacts/{graph}", f"/api/graphs/{graph}", self.atlas,
            f"/api/graphs/{graph}?max_edges=5000", f"/api/graphs/{graph}/neuronpedia",
            f"{self.atlas}/map", f"{self.atlas}/features/{feature}", "/api/jobs", self.run, "/",
            f"{self.atlas}/features?sort=-density&offset={self.random.randrange(4000)}",
            f"{self.run}/metrics?start={self.metrics}",
        )  # fmt: skip
        path = self.random.choice(paths)
        answer = self.ask("GET", path)
        if answer is not None and answer.status_code == 200 and "/metrics" in path:
            self.metrics = answer.json()["next"]

    def search(self) -> None:
        words = self.random.choice(("label=ends", "token=59", "similar=L1/3", "label=edited"))
        self.ask("GET", f"{self.atlas}/search?{words}")

    def edit(self) -> None:
        """Count one up in a label that everybody counts up."""
        feature = self.random.randrange(SHARED_FEATURES)
        key = {"dictionary": "soak", "encoder": 0, "feature": feature}
        listed = self.ask("GET", "/api/annotations", params=key)
        if listed is None or listed.status_code != 200:
            return
        stands = (listed.json() or [{"label": "0", "version": 0}])[0]
        for _ in range(100):
            edit = {"label": str(int(stands["label"]) + 1), "version": stands["version"]}
            answer = self.ask("PUT", "/api/annotations", json=key | edit)
            if answer is None or answer.status_code not in (200, 409):
                return
            with self.tally.lock:
                if answer.status_code == 200:
                    self.tally.edits[feature] += 1
                    return
                self.tally.conflicts += 1
            stands = answer.json()["current"]

    def save_view(self) -> None:
        graph = self.random.choice(self.graphs)
        state = {"node_threshold": round(self.random.random(), 2), "notes": "soaked"}
        self.ask("PUT", f"/api/graphs/{graph}/state", json=state)

    def xray(self) -> None:
        text = world.prompt(self.random.randrange(100), self.random.randrange(100))
        self.job({"kind": "xray", "text": text, **SPECIMEN})

    def operands(self) -> None:
        feature = {"encoder": self.random.randrange(4), "feature": self.random.randrange(1024)}
        self.job({"kind": "operands", **feature, **SPECIMEN})

    def trace(self) -> None:
        text = world.prompt(self.random.randrange(100), self.random.randrange(100))
        self.job({"kind": "trace", "prompt": text, "max_features": 20, **SPECIMEN})

    def job(self, request: dict) -> None:
        answer = self.ask("POST", "/api/jobs", json=request)
        if answer is None or answer.status_code != 202:
            return  # 429: the queue is full
        path = f"/api/jobs/{answer.json()['id']}"
        if self.random.random() < 0.1:
            self.ask("DELETE", path)
        try:
            with self.http.stream("GET", f"{path}/events") as events:
                for _ in events.iter_lines():
                    pass
        except httpx.HTTPError as error:
            with self.tally.lock:
                self.tally.errors.append(f"{path}/events: {error!r}")
        self.ask("GET", f"{path}/result")


def together(work: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def soak(folder: Path, minutes: float, clients: int, seed: int) -> dict[str, float]:
    served, tally = Served(folder), Tally()
    began = time.monotonic()
    end = began + minutes * 60
    start_mb = 0.0

    def watch() -> None:
        nonlocal start_mb
        step = 0
        while time.monotonic() < end:
            time.sleep(0.5)
            step += 1
            grow(folder / "runs" / "growing" / "metrics.jsonl", step)
            if not start_mb and time.monotonic() - began > min(60, minutes * 12):
                start_mb = served.rss_mb()
            if step % 60 == 0:
                done = len(tally.seconds)
                print(f"{done:,} requests, {served.rss_mb():.0f} MB", file=sys.stderr, flush=True)

    people = [Client(served.url, folder, tally, seed * 1000 + i) for i in range(clients)]
    together([watch, *(lambda person=person: person.until(end) for person in people)])
    end_mb = served.rss_mb()
    found = httpx.get(f"{served.url}api/annotations?dictionary=soak", timeout=60).json()
    counts = {annotation["feature"]: int(annotation["label"]) for annotation in found}
    lost = sum(max(n - counts.get(feature, 0), 0) for feature, n in tally.edits.items())
    served.end(signal.SIGINT)
    print(f"statuses {dict(tally.statuses)}, {sum(tally.edits.values())} edits, "
          f"{tally.conflicts} conflicts", file=sys.stderr)  # fmt: skip
    for error in tally.errors[:20]:
        print(error, file=sys.stderr)
    return {
        "requests": len(tally.seconds),
        "errors_5xx": len(tally.errors),
        "p95_ms": round(float(np.percentile(tally.seconds, 95)) * 1000, 1),
        "rss_start_mb": round(start_mb, 1),
        "rss_end_mb": round(end_mb, 1),
        "lost_edits": lost,
    }


def kill(folder: Path, writers: int = 8) -> int:
    """Acknowledged writes that a SIGKILL lost."""
    served = Served(folder)
    answered: list[tuple[int, int]] = []
    lock = threading.Lock()

    def write(writer: int) -> None:
        with httpx.Client(base_url=served.url, timeout=10) as client:
            for feature in range(10**6):
                edit = {"dictionary": "kill", "encoder": writer, "feature": feature}
                try:
                    answer = client.put("/api/annotations", json=edit | {"label": str(feature)})
                except httpx.HTTPError:
                    return  # it is dead
                if answer.status_code == 200:
                    with lock:
                        answered.append((writer, feature))

    def strike() -> None:
        time.sleep(2)
        served.end(signal.SIGKILL)

    together([strike, *(lambda writer=writer: write(writer) for writer in range(writers))])
    again = Served(folder)
    found = httpx.get(f"{again.url}api/annotations?dictionary=kill", timeout=60).json()
    again.end(signal.SIGINT)
    there = {(a["encoder"], a["feature"]) for a in found if a["label"] == str(a["feature"])}
    print(f"killed after {len(answered)} acknowledged writes", file=sys.stderr)
    return len(set(answered) - there)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_library(folder)
        figures = soak(folder, arguments.minutes, arguments.clients, arguments.seed)
        print(json.dumps(figures | {"lost_acknowledged": kill(folder)}))


if __name__ == "__main__":
    main()
