"""The graph artifact: exact, whole, and never read when it is not."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from microtome.circuit.artifact import load_graph, save_graph
from microtome.circuit.graph import Graph
from microtome.circuit.trace import trace
from tests.circuit.dictionaries import tiny_dictionary
from tests.circuit.graphs import hand_graph, random_graph, refusal, same_graph
from tests.model.families import tiny_model, tokens

EDGES = {(2, 0): 3.0, (2, 1): -1.0, (3, 2): -2.0, (3, 0): 2.0}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    folder = tmp_path / "graph"
    save_graph(hand_graph("tefl", EDGES, {3: 0.5}), folder)
    return folder


def change_manifest(folder: Path, change) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def accept_sizes(folder: Path) -> None:
    """Make the manifest agree with the files, so that only their content is wrong."""
    sizes = {f.name: f.stat().st_size for f in folder.iterdir() if f.name != "manifest.json"}
    change_manifest(folder, lambda manifest: manifest.update(files=sizes))


def change_tensors(folder: Path, **tensors: torch.Tensor) -> None:
    path = folder / "edges.safetensors"
    save_file({**load_file(path), **tensors}, path)
    accept_sizes(folder)


def change_nodes(folder: Path, change) -> None:
    path = folder / "nodes.json"
    columns = json.loads(path.read_text())
    change(columns)
    path.write_text(json.dumps(columns))
    accept_sizes(folder)


@pytest.mark.parametrize(("kind", "dtype"), [("skip", torch.float64), ("clt", torch.float32)])
def test_a_traced_graph_comes_back_exactly(tmp_path: Path, kind: str, dtype: torch.dtype):
    model = tiny_model("gpt2", dtype)
    graph = trace(model, tokens(), tiny_dictionary(model, kind), max_features=20)
    graph = graph.with_info(supernodes=[["a", "L0/1@2"]], note="ü🔬")
    save_graph(graph, tmp_path / "graph", command=["microtome", "trace"])
    loaded = load_graph(tmp_path / "graph")
    # probabilities and activations of nodes are kept in double precision
    assert loaded.nodes.activation.dtype == torch.float64
    as_double = Graph(**{**vars_of(graph), "nodes": loaded.nodes})
    assert same_graph(loaded, as_double)
    for name in ("activation", "probability"):
        ours, theirs = getattr(loaded.nodes, name), getattr(graph.nodes, name).double()
        assert torch.equal(ours.nan_to_num(-1), theirs.nan_to_num(-1))
    for name in ("kind", "label"):
        assert getattr(loaded.nodes, name) == getattr(graph.nodes, name)
    for name in ("layer", "position", "feature"):
        assert torch.equal(getattr(loaded.nodes, name), getattr(graph.nodes, name))
    assert loaded.info == graph.info
    assert loaded.scores == graph.scores
    manifest = json.loads((tmp_path / "graph" / "manifest.json").read_text())
    assert manifest["command"] == ["microtome", "trace"]
    assert manifest["inputs"]["model"] == graph.info["model_fingerprint"]
    assert manifest["content"]["counts"]["edges"] == int((graph.edges != 0).sum())


def vars_of(graph: Graph) -> dict:
    return {name: getattr(graph, name) for name in Graph.__dataclass_fields__}


@pytest.mark.parametrize("seed", range(3))
def test_random_graphs_come_back_exactly(tmp_path: Path, seed: int):
    graph = random_graph(seed)
    save_graph(graph, tmp_path / "graph")
    assert same_graph(load_graph(tmp_path / "graph"), graph)


def test_graphs_without_edges_or_nodes_come_back(tmp_path: Path):
    for i, graph in enumerate((hand_graph("l", {}, {0: 1.0}), hand_graph("", {}, {}))):
        save_graph(graph, tmp_path / str(i))
        assert same_graph(load_graph(tmp_path / str(i)), graph)


def test_saving_what_was_loaded_gives_the_same_files(saved: Path, tmp_path: Path):
    save_graph(load_graph(saved), tmp_path / "again")
    for name in ("nodes.json", "edges.safetensors"):
        assert (tmp_path / "again" / name).read_bytes() == (saved / name).read_bytes()


@pytest.mark.parametrize("name", ["nodes.json", "edges.safetensors"])
def test_a_truncated_or_missing_file_is_refused(saved: Path, name: str):
    content = (saved / name).read_bytes()
    (saved / name).write_bytes(content[:-5])
    assert f"is incomplete: {name}" in refusal(load_graph, saved)
    accept_sizes(saved)
    assert name in refusal(load_graph, saved)
    (saved / name).unlink()
    assert str(saved) in refusal(load_graph, saved)


def test_a_folder_without_manifest_is_refused(saved: Path):
    (saved / "manifest.json").unlink()
    assert "not a microtome artifact" in refusal(load_graph, saved)
    assert "does not exist" in refusal(load_graph, saved / "nowhere")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"kind": "graph"}'])
def test_a_broken_manifest_is_refused(saved: Path, text: str):
    (saved / "manifest.json").write_text(text)
    assert "manifest" in refusal(load_graph, saved)


def test_another_kind_and_a_newer_version_are_refused(saved: Path):
    change_manifest(saved, lambda manifest: manifest.update(schema_version=2))
    assert "newer microtome" in refusal(load_graph, saved)
    change_manifest(saved, lambda manifest: manifest.update(kind="dictionary"))
    assert "holds a dictionary, not a graph" in refusal(load_graph, saved)


@pytest.mark.parametrize(
    ("field", "value"), [("n_layers", "many"), ("tokens", [1.5]), ("strings", None), ("what", 1),
     ("tokens", [2**70]), ("tokens", [-2]), ("n_layers", -1), ("n_layers", 2**70)],
)  # fmt: skip
def test_wrong_content_is_refused(saved: Path, field: str, value):
    change_manifest(saved, lambda manifest: manifest["content"].update({field: value}))
    assert "manifest.json" in refusal(load_graph, saved)


@pytest.mark.parametrize(
    ("name", "value"),
    [("warnings", 3), ("skip_positions", None), ("skip_positions", ["a"]), ("skip_positions", [-1]),
     ("differences", 3), ("differences", {"a": [1]}), ("pinned", 3), ("pinned", [[]]),
     ("supernodes", 3), ("supernodes", [3])],
)  # fmt: skip
def test_wrong_info_is_refused(saved: Path, name: str, value):
    change_manifest(saved, lambda manifest: manifest["content"]["info"].update({name: value}))
    said = refusal(load_graph, saved)
    assert f"manifest.json: info: info.{name}" in said and "\n" not in said


def test_layers_beyond_the_models_are_refused(saved: Path):
    change_manifest(saved, lambda manifest: manifest["content"].update(n_layers=1))
    assert "layers hold 3" in refusal(load_graph, saved)


TAMPERED = {
    "row beyond": {"rows": torch.tensor([2, 9])},
    "negative row": {"rows": torch.tensor([2, -1])},
    "column beyond": {"columns": torch.tensor([0, 1, 2**40])},
    "negative column": {"columns": torch.tensor([0, 1, -4])},
    "negative index": {"indices": torch.tensor([0, 1, 0, -1], dtype=torch.int32)},
    "index beyond": {"indices": torch.tensor([0, 1, 0, 3], dtype=torch.int32)},
    "too few indices": {"indices": torch.tensor([0, 1, 0], dtype=torch.int32)},
    "falling offsets": {"offsets": torch.tensor([0, 5, 4])},
    "too few offsets": {"offsets": torch.tensor([0, 2])},
    "offsets beyond": {"offsets": torch.tensor([0, 2, 2**33])},
    "too many edges": {"edges": torch.ones(5, dtype=torch.float64)},
    "edges that are not finite": {"edges": torch.tensor([1.0, 2.0, float("nan"), 1.0])},
    "too few weights": {"weights": torch.ones(1, dtype=torch.float64)},
    "too many residuals": {"residual": torch.ones(3, dtype=torch.float64)},
    "repeated row": {"rows": torch.tensor([3, 3])},
    "repeated column": {"columns": torch.tensor([0, 0, 2])},
}


@pytest.mark.parametrize("tensors", TAMPERED.values(), ids=TAMPERED)
def test_tampered_edges_are_refused(saved: Path, tensors: dict):
    change_tensors(saved, **tensors)
    assert "is not a consistent graph" in refusal(load_graph, saved)


def test_missing_tensors_are_refused(saved: Path):
    path = saved / "edges.safetensors"
    save_file({"rows": torch.tensor([2, 3])}, path)
    accept_sizes(saved)
    assert "edges.safetensors has no tensor" in refusal(load_graph, saved)


@pytest.mark.parametrize(
    "change",
    [
        lambda columns: columns.pop("layer"),
        lambda columns: columns["kind"].pop(),
        lambda columns: columns["kind"].__setitem__(0, "what"),
        lambda columns: columns["layer"].__setitem__(0, 10**30),
        lambda columns: columns["layer"].__setitem__(0, "one"),
        lambda columns: columns["label"].__setitem__(0, 3),
        lambda columns: columns["activation"].__setitem__(0, "x"),
        lambda columns: columns.update(layer=5),
        lambda columns: [column.pop() for column in columns.values()],
    ],
)
def test_tampered_nodes_are_refused(saved: Path, change):
    change_nodes(saved, change)
    assert "is not a consistent graph" in refusal(load_graph, saved)


def test_a_cycle_does_not_hang(saved: Path):
    change_tensors(saved, columns=torch.tensor([3, 1, 2]))
    assert "cycle" in refusal(lambda: load_graph(saved).scores)


def test_an_existing_folder_is_replaced_only_by_force(saved: Path):
    graph = hand_graph("tl", {(1, 0): 7.0}, {1: 1.0})
    assert "pass --force" in refusal(save_graph, graph, saved)
    assert len(load_graph(saved).nodes) == 4
    save_graph(graph, saved, force=True)
    assert same_graph(load_graph(saved), graph)
    assert [p.name for p in saved.parent.iterdir()] == ["graph"]


def test_a_folder_of_others_is_never_deleted(tmp_path: Path):
    graph = hand_graph("tl", {(1, 0): 7.0}, {1: 1.0})
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("mine")
    for force in (False, True):
        assert "exists" in refusal(save_graph, graph, tmp_path / "thesis", force)
        assert "exists" in refusal(save_graph, graph, tmp_path / "thesis" / "chapter.tex", force)
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    save_graph(graph, tmp_path / "empty")
    assert same_graph(load_graph(tmp_path / "empty"), graph)


def test_a_failed_write_leaves_nothing(saved: Path):
    graph = hand_graph("tl", {(1, 0): 7.0}, {1: 1.0}).with_info(handle=object())
    with pytest.raises(Exception, match="serialize"):
        save_graph(graph, saved, force=True)
    assert len(load_graph(saved).nodes) == 4
    assert [p.name for p in saved.parent.iterdir()] == ["graph"]
