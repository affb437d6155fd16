"""Graphs of several prompts as one: what they have in common, and what is special to each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from microtome.circuit.graph import Graph, Nodes, Prompt
from microtome.circuit.merged_view import merged_info
from microtome.circuit.prune import prune, source_influence
from microtome.circuit.state import with_state
from microtome.circuit.view import ViewState
from microtome.errors import MicrotomeError

Align = Literal["start", "end"]
"""Positions that play one role: those counted from the start, or from the end of the prompts."""

_PINNED = 40
"""Features of the common circuit that a reader finds pinned, at most."""

Key = tuple[str, int, int, int, str]


@dataclass(frozen=True)
class Merged:
    """Graphs of several prompts on one set of nodes."""

    graph: Graph
    """Its edges are means over the graphs that have the edge's target, a source that a graph lacks
    counting as 0; so rows still sum to their targets' mean values. Weights of answers are means
    over all graphs. `info.merged` names the prompts; the common circuit is pinned."""
    spread: Float[Tensor, "targets sources"]
    """Standard deviation of every edge over the graphs that its mean is over."""
    present: Bool[Tensor, "nodes graphs"]
    """Which graphs have a node."""
    kept: Bool[Tensor, "nodes graphs"]
    """Which graphs keep it when they are pruned."""
    influence: Float[Tensor, "nodes graphs"]
    """Share of all influence in each graph that passes through the node; 0 where it is not."""

    @property
    def common(self) -> Int[Tensor, " k"]:
        """The common circuit: nodes that every pruned graph keeps, by their mean influence."""
        return self._ranked(self.kept.all(1))

    def specific(self, number: int) -> Int[Tensor, " k"]:
        """Nodes that one pruned graph keeps and no other, by their influence in it."""
        return self._ranked(self.kept[:, number] & (self.kept.sum(1) == 1))

    def _ranked(self, mask: Bool[Tensor, " nodes"]) -> Int[Tensor, " k"]:
        index = mask.nonzero()[:, 0]
        return index[self.influence[index].mean(1).argsort(descending=True, stable=True)]


def merge(graphs: Sequence[Graph], align: Align = "start") -> Merged:
    """Merge graphs of several prompts.

    Nodes are one where kind, layer, feature and position are: tokens and answers too, so that
    operands that differ between prompts stay apart.

    Args:
        graphs: traced with one model and one dictionary.
        align: whether positions are matched from the start or from the end of the prompts.

    Raises:
        MicrotomeError: fewer than two graphs, or graphs of different models or dictionaries.
    """
    _check(graphs)
    longest = max(graphs, key=lambda graph: len(graph.prompt.tokens))
    length = len(longest.prompt.tokens)
    shifts = [length - len(g.prompt.tokens) if align == "end" else 0 for g in graphs]
    keys = [_keys(graph, shift) for graph, shift in zip(graphs, shifts, strict=True)]
    every = sorted({key for own in keys for key in own}, key=_order)
    index = {key: i for i, key in enumerate(every)}
    maps = [torch.tensor([index[key] for key in own], dtype=torch.long) for own in keys]
    graph, spread = _edges(graphs, maps, _nodes(graphs, maps, every))
    present = torch.zeros(len(every), len(graphs), dtype=torch.bool)
    kept, influence = present.clone(), torch.zeros(present.shape, dtype=torch.float64)
    for i, (one, at) in enumerate(zip(graphs, maps, strict=True)):
        present[at, i] = True
        kept[at, i] = prune(one).nodes
        influence[at, i] = source_influence(one).double()
    info = _info(graphs, align, present)
    info["merged"] |= merged_info(present, kept, influence)
    graph = replace(graph, prompt=_prompt(graphs, shifts, longest), info=info, spread=spread)
    merged = Merged(graph, spread, present, kept, influence)
    names = [merged.graph.nodes.name(i) for i in merged.common.tolist() if every[i][0] == "feature"]
    pinned = with_state(merged.graph, ViewState(pinned=names[:_PINNED]))
    return replace(merged, graph=pinned)


def _check(graphs: Sequence[Graph]) -> None:
    if len(graphs) < 2:
        raise MicrotomeError(f"{len(graphs)} graph cannot be merged; name at least two")
    first = graphs[0]
    for graph in graphs[1:]:
        for what, several in (("model", "models"), ("dictionary", "dictionaries")):
            a, b = (str(g.info.get(f"{what}_fingerprint", "")) for g in (first, graph))
            if a and b and a != b:
                raise MicrotomeError(
                    f"the graphs of {first.prompt.text!r} and {graph.prompt.text!r} are of "
                    f"different {several} ({a[:12]}, {b[:12]}); merge graphs of one {what}"
                )
        if graph.n_layers != first.n_layers:
            raise MicrotomeError(
                f"the graphs have {first.n_layers} and {graph.n_layers} layers; merge graphs of "
                f"one model"
            )


def _keys(graph: Graph, shift: int) -> list[Key]:
    nodes = graph.nodes
    rows = zip(
        nodes.kind, nodes.layer.tolist(), nodes.feature.tolist(), nodes.position.tolist(),
        nodes.label, strict=True,
    )  # fmt: skip
    return [
        (kind, layer, feature, p + shift if p >= 0 else p, label if kind == "direction" else "")
        for kind, layer, feature, p, label in rows
    ]


def _order(key: Key) -> tuple:
    kind, layer, feature, position, label = key
    return layer, position, kind, feature, label


def _nodes(graphs: Sequence[Graph], maps: Sequence[Tensor], keys: list[Key]) -> Nodes:
    """Activations and probabilities are means over the graphs that have the node."""
    label = [key[4] for key in keys]
    for graph, at in zip(graphs, maps, strict=True):
        for i, text in zip(at.tolist(), graph.nodes.label, strict=True):
            label[i] = label[i] or text

    def whole(field: int) -> Tensor:
        return torch.tensor([key[field] for key in keys], dtype=torch.long)

    def mean(name: str) -> Tensor:
        parts = [getattr(graph.nodes, name).double() for graph in graphs]
        return _mean(parts, maps, len(keys))

    return Nodes(
        kind=tuple(key[0] for key in keys),
        layer=whole(1),
        position=whole(3),
        feature=whole(2),
        activation=mean("activation"),
        probability=mean("probability"),
        label=tuple(label),
    )


def _mean(parts: Sequence[Tensor], maps: Sequence[Tensor], n: int) -> Float[Tensor, " n"]:
    """Mean over the parts that have an entry which is a number; NaN where none has."""
    total, count = torch.zeros(n, dtype=torch.float64), torch.zeros(n, dtype=torch.float64)
    for values, at in zip(parts, maps, strict=True):
        known = ~values.isnan()
        total[at[known]] += values[known].double()
        count[at[known]] += 1
    return total / count  # 0 / 0 is NaN


def _edges(graphs: Sequence[Graph], maps: Sequence[Tensor], nodes: Nodes) -> tuple[Graph, Tensor]:
    n = len(nodes)
    is_row, is_column = (torch.zeros(n, dtype=torch.bool) for _ in range(2))
    for graph, at in zip(graphs, maps, strict=True):
        is_row[at[graph.rows]] = True
        is_column[at[graph.columns]] = True
    rows, columns = is_row.nonzero()[:, 0], is_column.nonzero()[:, 0]
    place = torch.zeros(2, n, dtype=torch.long)
    place[0, rows], place[1, columns] = torch.arange(len(rows)), torch.arange(len(columns))
    total = torch.zeros(len(rows), len(columns), dtype=torch.float64)
    squares, count = total.clone(), torch.zeros(len(rows), dtype=torch.float64)
    into = [place[0, at[graph.rows]] for graph, at in zip(graphs, maps, strict=True)]
    for graph, at, r in zip(graphs, maps, into, strict=True):
        c, edges = place[1, at[graph.columns]], graph.edges.double()
        total[r[:, None], c] += edges
        squares[r[:, None], c] += edges.square()
        count[r] += 1
    mean = total / count[:, None]
    spread = (squares / count[:, None] - mean.square()).clamp(min=0).sqrt()
    weights = torch.zeros(len(rows), dtype=torch.float64)
    residual = torch.full((len(rows),), float("nan"), dtype=torch.float64)
    for graph, r in zip(graphs, into, strict=True):
        weights[r] += graph.weights.double() / len(graphs)
        residual[r] = torch.fmax(residual[r], graph.residual.double())
    merged = Graph(
        prompt=graphs[0].prompt,
        nodes=nodes,
        rows=rows,
        columns=columns,
        edges=mean,
        weights=weights,
        unexpanded_mass=_mean([g.unexpanded_mass for g in graphs], into, len(rows)),
        value=_mean([g.value for g in graphs], into, len(rows)),
        residual=residual,
        n_layers=graphs[0].n_layers,
    )
    return merged, spread


def _info(graphs: Sequence[Graph], align: Align, present: Tensor) -> dict:
    first = graphs[0].info
    same = {
        name: value
        for name, value in first.items()
        if name not in ("pinned", "supernodes", "selected", "neuronpedia", "warnings")
        and all(graph.info.get(name) == value for graph in graphs)
    }
    warnings = [str(w) for graph in graphs for w in graph.info.get("warnings", [])]
    warnings.append(
        f"merged from {len(graphs)} prompts: an edge is the mean over those that have its target"
    )
    merged = {
        "prompts": [graph.prompt.text for graph in graphs],
        "align": align,
        "present": present.sum(1).tolist(),
    }
    return same | {"warnings": list(dict.fromkeys(warnings)), "merged": merged}


def _prompt(graphs: Sequence[Graph], shifts: Sequence[int], longest: Graph) -> Prompt:
    """The longest prompt's tokens; where prompts differ, what they have there side by side."""
    strings = []
    for position in range(len(longest.prompt.tokens)):
        found = [
            graph.prompt.strings[position - shift]
            for graph, shift in zip(graphs, shifts, strict=True)
            if 0 <= position - shift < len(graph.prompt.strings)
        ]
        *some, last = dict.fromkeys(found)
        strings.append("/".join([*some, last][:3]) + ("/…" if len(some) > 2 else ""))
    more = len(graphs) - 1
    text = f"{graphs[0].prompt.text} and {more} more prompt{'s' if more > 1 else ''}"
    return Prompt(text, longest.prompt.tokens, tuple(strings))
