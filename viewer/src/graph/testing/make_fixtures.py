"""Graphs with what Python makes of them: pruned parts, influence, effects on a logit difference.

    python viewer/src/graph/testing/make_fixtures.py

The viewer's own pruning is tested against these files. Numbers are counted from the document, in
double precision, so that both sides start from the same ones.
"""

import json
from pathlib import Path

import torch

from microtome.circuit import trace
from microtome.circuit.graph import Graph, Nodes, Prompt
from microtome.circuit.graph_view import graph_view
from microtome.circuit.prune import prune, source_influence
from microtome.circuit.view import GraphView
from microtome.specimen import load_dictionary, load_model

HERE = Path(__file__).parent
CASES = [(0.8, 0.98), (0.5, 0.9), (0.95, 0.99), (0.2, 0.5), (1.0, 0.999), (0.9, 1.0), (0.0, 0.98)]


def main() -> None:
    for name, graph in (("adder", _adder()), ("random", _random())):
        view = graph_view(graph, name=name)
        again = _from_view(view)
        document = {
            "view": view.model_dump(),
            "influence": source_influence(again).tolist(),
            "cases": [_case(again, view, *thresholds) for thresholds in CASES],
            "difference": _difference(view),
        }
        (HERE / f"{name}.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")


def _adder() -> Graph:
    model = load_model("specimen:adder", device="cpu")
    return trace(model, "36 + 59 =", load_dictionary("specimen:adder"), max_features=50)


def _random() -> Graph:
    """Layers of features with random signed edges, some of them loose ends."""
    generator = torch.Generator().manual_seed(0)
    n_layers, per_layer, n_tokens = 4, 9, 3
    kinds = ["token"] * n_tokens + ["feature"] * (n_layers * per_layer) + ["bias", "logit", "logit"]
    layer = [-1] * n_tokens + [i // per_layer for i in range(n_layers * per_layer)]
    layer += [-1, n_layers, n_layers]
    position = [i % n_tokens for i in range(len(kinds) - 3)] + [-1, n_tokens - 1, n_tokens - 1]
    rows = torch.tensor([len(kinds) - 2, len(kinds) - 1, *range(n_tokens, len(kinds) - 3)])
    columns = torch.arange(len(kinds) - 2)
    layers = torch.tensor(layer, dtype=torch.long)
    edges = torch.randn(len(rows), len(columns), generator=generator, dtype=torch.float64) ** 3
    edges *= torch.rand(edges.shape, generator=generator) < 0.4
    edges *= layers[columns][None] < layers[rows][:, None]
    weights = torch.zeros(len(rows), dtype=torch.float64)
    weights[:2] = torch.tensor([0.7, 0.2])
    nan = torch.full((len(kinds),), float("nan"), dtype=torch.float64)
    activation = nan.clone()
    activation[n_tokens : n_tokens + n_layers * per_layer] = 1 + torch.rand(
        n_layers * per_layer, generator=generator, dtype=torch.float64
    )
    probability = nan.clone()
    probability[-2:] = weights[:2]
    unknown = torch.full((len(rows),), float("nan"), dtype=torch.float64)
    return Graph(
        Prompt("a b c", (0, 1, 2), ("a", " b", " c")),
        Nodes(
            tuple(kinds),
            layers,
            torch.tensor(position),
            torch.arange(len(kinds)),
            activation,
            probability,
            tuple("abc") + ("",) * (n_layers * per_layer + 1) + ("x", "y"),
        ),
        rows,
        columns,
        edges,
        weights,
        torch.zeros(len(rows), dtype=torch.float64),
        unknown,
        unknown.clone(),
        n_layers,
    )


def _from_view(view: GraphView) -> Graph:
    """The graph that a complete document describes, every node a row and a column."""
    nodes, edges, n = view.nodes, view.edges, len(view.nodes.id)
    matrix = torch.zeros(n, n, dtype=torch.float64)
    matrix[edges.target, edges.source] = torch.tensor(edges.weight, dtype=torch.float64)
    mass = torch.tensor(nodes.mass, dtype=torch.float64)
    rest = torch.tensor([kind != "unexpanded" for kind in nodes.kind])
    unexpanded = (mass - matrix[:, rest].abs().sum(-1)).clamp(min=0)
    unknown = torch.full((n,), float("nan"), dtype=torch.float64)

    def column(values) -> torch.Tensor:
        return torch.tensor([float("nan") if v is None else v for v in values], dtype=torch.float64)

    return Graph(
        Prompt(view.prompt, tuple(view.tokens), tuple(view.strings)),
        Nodes(
            tuple(nodes.kind),
            torch.tensor(nodes.layer),
            torch.tensor(nodes.position),
            torch.tensor(nodes.feature),
            column(nodes.activation),
            column(nodes.probability),
            tuple(nodes.label),
        ),
        torch.arange(n),
        torch.arange(n),
        matrix,
        torch.tensor(nodes.weight, dtype=torch.float64),
        torch.zeros(n, dtype=torch.float64) if bool(rest.all()) else unexpanded,
        unknown,
        unknown.clone(),
        view.n_layers,
    )


def _case(graph: Graph, view: GraphView, node: float, edge: float) -> dict:
    kept = prune(graph, node, edge)
    place = {
        pair: e for e, pair in enumerate(zip(view.edges.target, view.edges.source, strict=True))
    }
    pairs = [tuple(pair) for pair in kept.edges.nonzero().tolist()]
    return {
        "node": node,
        "edge": edge,
        "nodes": kept.nodes.nonzero()[:, 0].tolist(),
        "edges": sorted(place[pair] for pair in pairs),
    }


def _difference(view: GraphView) -> dict:
    """Total effects by solving the linear system of all paths at once."""
    n = len(view.nodes.id)
    matrix = torch.zeros(n, n, dtype=torch.float64)
    matrix[view.edges.target, view.edges.source] = torch.tensor(
        view.edges.weight, dtype=torch.float64
    )
    plus, minus = view.nodes.kind.index("logit"), n - 1
    asked = torch.zeros(n, dtype=torch.float64)
    asked[plus], asked[minus] = 1, -1
    activation = torch.tensor([v or 0 for v in view.nodes.activation], dtype=torch.float64)
    passed = torch.where(activation > 0, 1 / activation.clamp(min=1e-12), 0.0)
    direct = asked @ matrix
    total = torch.linalg.solve(
        torch.eye(n, dtype=torch.float64) - (passed[:, None] * matrix).T, direct
    )
    return {"plus": plus, "minus": minus, "direct": direct.tolist(), "total": total.tolist()}


if __name__ == "__main__":
    main()
