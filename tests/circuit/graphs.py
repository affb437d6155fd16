"""Attribution graphs made by hand or at random, without a model."""

import pytest
import torch

from microtome.circuit.graph import Graph, Nodes, Prompt
from microtome.errors import MicrotomeError

NAN = float("nan")


def hand_graph(
    kinds: str,
    edges: dict[tuple[int, int], float],
    weights: dict[int, float],
    unexpanded: dict[int, float] | None = None,
) -> Graph:
    """A graph of a few nodes.

    Args:
        kinds: of the nodes, by first letter: token, feature, error, bias, unexpanded, logit.
        edges: (target, source) -> weight.
        weights: what influence is counted from, by node.
        unexpanded: absolute edges that a budget left out, by target.
    """
    names = {name[0]: name for name in ("token", "feature", "error", "bias", "unexpanded", "logit")}
    kind = tuple(names[letter] for letter in kinds)
    n, left_out = len(kind), unexpanded or {}
    rows = sorted({target for target, _ in edges} | set(weights))
    columns = sorted({source for _, source in edges} | {i for i in range(n) if kinds[i] == "u"})
    matrix = torch.zeros(len(rows), len(columns), dtype=torch.float64)
    for (target, source), weight in edges.items():
        matrix[rows.index(target), columns.index(source)] = weight
    nothing = torch.full((len(rows),), NAN, dtype=torch.float64)
    return Graph(
        prompt=Prompt("a b", (5, 6), ("a", " b")),
        nodes=_nodes(kind, weights),
        rows=torch.tensor(rows, dtype=torch.long),
        columns=torch.tensor(columns, dtype=torch.long),
        edges=matrix,
        weights=real([weights.get(row, 0.0) for row in rows]),
        unexpanded_mass=real([left_out.get(row, 0.0) for row in rows]),
        value=nothing,
        residual=nothing.clone(),
        n_layers=n,
    )


def real(values: list[float]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def _nodes(kind: tuple[str, ...], weights: dict[int, float]) -> Nodes:
    def whole(values: list[int]) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.long)

    n = len(kind)
    nowhere, numberless = ("bias", "unexpanded"), ("error", "bias", "unexpanded")
    layers = {"logit": n, "token": -1, "bias": -1, "unexpanded": -1}
    return Nodes(
        kind=kind,
        layer=whole([layers.get(k, i) for i, k in enumerate(kind)]),
        position=whole([-1 if k in nowhere else i % 2 for i, k in enumerate(kind)]),
        feature=whole([-1 if k in numberless else i for i, k in enumerate(kind)]),
        activation=real([1.0 if k == "feature" else NAN for k in kind]),
        probability=real(
            [weights.get(i, 0.0) if k == "logit" else NAN for i, k in enumerate(kind)]
        ),
        label=("",) * n,
    )


def random_graph(seed: int, features: int = 12, density: float = 0.5) -> Graph:
    """A random acyclic graph: 3 tokens, 3 errors, features in order, 2 logits, some unexpanded."""
    generator = torch.Generator().manual_seed(seed)

    def uniform() -> float:
        return float(torch.rand((), generator=generator))

    kinds = "ttteee" + "f" * features + "u" + "ll"
    n = len(kinds)
    edges, left_out = {}, {}
    for target in [*range(6, 6 + features), n - 2, n - 1]:
        for source in range(min(target, n - 3)):
            if uniform() < density:
                edges[target, source] = float(torch.randn((), generator=generator))
        left_out[target] = uniform()
        edges[target, n - 3] = left_out[target] * (2 * uniform() - 1)
    return hand_graph(kinds, edges, {n - 2: 0.6, n - 1: 0.3}, left_out)


def same_graph(a: Graph, b: Graph) -> bool:
    """Equal in everything, NaN equal to NaN, `info` aside."""
    of_graph = ("rows", "columns", "edges", "weights", "unexpanded_mass", "value", "residual")
    of_nodes = ("layer", "position", "feature", "activation", "probability")
    tensors = [(getattr(a, name), getattr(b, name)) for name in of_graph]
    tensors += [(getattr(a.nodes, name), getattr(b.nodes, name)) for name in of_nodes]
    rest = (a.prompt, a.nodes.kind, a.nodes.label, a.n_layers)
    return rest == (b.prompt, b.nodes.kind, b.nodes.label, b.n_layers) and all(
        x.dtype == y.dtype and torch.equal(x.nan_to_num(-7), y.nan_to_num(-7)) for x, y in tensors
    )


def refusal(call, *arguments, **options) -> str:
    """The one sentence with which a call is refused."""
    with pytest.raises(MicrotomeError) as caught:
        call(*arguments, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message
