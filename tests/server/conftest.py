"""A folder of real artifacts, and servers of it: in this process, and on a real port."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import microtome as mt
from microtome.circuit.neuronpedia import write_neuronpedia
from microtome.circuit.prune import prune
from microtome.evaluation import evaluate_corpus, save_evaluations
from microtome.server import RunningServer, Settings, create_app, entry_id
from microtome.server.services import Services
from microtome.specimen import specimen_path
from microtome.specimen.adder.world import prompt
from microtome.training import make_recipe, train
from microtome.training.save import save_run
from tests.atlas.atlases import write_atlas
from tests.evaluation.cases import BARE

SUM = prompt(36, 59)
BASE = "http://127.0.0.1:8300"
RECIPE = {
    "model": "specimen:adder",
    "data": "memory",
    "context": 8,
    "held_out": 0.2,
    "steps": 6,
    "batch_size": 32,
    "warmup": 2,
    "report_every": 2,
    "tensorboard": False,
    "scale_rows": 64,
    "dictionary": [{"name": "plt", "kind": "plt", "features": 16, "k": 4}],
}


def _make(folder: Path) -> None:
    model = mt.load_model("specimen:adder", device="cpu")
    read = mt.load_dictionary("specimen:adder")
    graph = mt.trace(model, SUM, read, "95", max_features=30)
    graph.save(folder / "graphs" / "sum")
    write_neuronpedia(prune(graph, 0.8, 0.9), folder / "graphs" / "theirs.json")
    shutil.copytree(specimen_path("specimen:adder", "model"), folder / "models" / "adder")
    shutil.copytree(specimen_path("specimen:adder/plt", "plt"), folder / "plt")
    write_atlas(folder / "atlas", 4, 1024, dictionary=read.fingerprint)
    corpus = folder / "sums.jsonl"
    texts = [prompt(a, b) for a in range(8) for b in range(8)]
    corpus.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    recipe = make_recipe(RECIPE | {"corpus": str(corpus)})
    run = folder / "runs" / "tiny"
    save_run(run, recipe, train(recipe, model, run=run))
    trained = mt.load_dictionary(run / "plt")
    found = evaluate_corpus(
        model, [trained], str(corpus), held_out=0.2, context=8, tokens=100, options=BARE
    )
    save_evaluations(found, folder / "evaluations" / "tiny")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Artifacts that no test changes."""
    folder = tmp_path_factory.mktemp("made") / "library"
    _make(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy to do with as the test likes."""
    return Path(shutil.copytree(made, tmp_path / "library"))


@pytest.fixture
def client(folder: Path) -> Iterator[TestClient]:
    """A server of the copy, without the specimens' entries being anything special."""
    app = create_app(Settings((folder,)))
    with TestClient(app, base_url=BASE) as client:
        yield client


@pytest.fixture
def services(client: TestClient) -> Services:
    """What is behind the client's server."""
    return client.app.state.services  # pyright: ignore[reportAttributeAccessIssue]


@pytest.fixture
def running(folder: Path) -> Iterator[RunningServer]:
    """A server of the copy on a real port."""
    with RunningServer(Settings((folder,))) as server:
        yield server


@pytest.fixture
def graph_id(folder: Path) -> str:
    return entry_id(folder / "graphs" / "sum")
