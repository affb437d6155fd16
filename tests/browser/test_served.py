"""What browser tests look at is there and can be opened."""

import httpx

from tests.browser.conftest import Served


def test_every_artifact_of_the_library_can_be_opened(served: Served):
    library = httpx.get(f"{served.url}api/library", trust_env=False).json()
    assert not [entry for entry in library["entries"] if entry["problem"]]
    entries = {entry["id"]: entry for entry in library["entries"]}
    kinds = {
        "graphs/sum": "graph",
        "graphs/other": "graph",
        "graphs/grouped": "graph",
        "models/adder": "model",
        "runs/tiny": "run",
        "runs/tiny/plt": "dictionary",
        "evaluations/tiny": "evaluation",
    }
    for path, kind in kinds.items():
        assert entries[served.id(path)]["kind"] == kind, path
    graph = httpx.get(f"{served.url}api/graphs/{served.id('graphs/grouped')}", trust_env=False)
    assert graph.json()["state"]["supernodes"][0]["label"] == "both operands in range"
    assert any(label.startswith("sum ") for label in graph.json()["nodes"]["label"])
