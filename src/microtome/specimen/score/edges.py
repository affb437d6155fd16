"""Edges of attribution graphs against the true circuit: AUROC over pairs of variables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from microtome.circuit import Graph
from microtome.errors import MicrotomeError
from microtome.specimen.score.matching import INPUT, Meanings, group_of
from microtome.specimen.score.pairs import known_pairs, nodeless, possible_pairs
from microtome.specimen.truth import Truth

SHUFFLES = 200


@dataclass(frozen=True)
class EdgeScores:
    """How strongly graphs join each pair of variables."""

    names: tuple[str, ...]
    """Of the variables, with `input` for those of the tokens and the embedding."""
    strength: Float[Tensor, "source target"]
    """0 where either has no node."""
    shown: frozenset[str]
    """Names that have a node in some graph."""
    matched: float
    """Share of the graphs' feature nodes that stand for a variable."""


def edge_scores(graphs: Sequence[Graph], truth: Truth, meanings: Meanings) -> EdgeScores:
    """Strength of every pair of variables over graphs.

    What a variable's nodes at one position give to a target, |sum of their edges|, counts as its
    share of all that reaches the target, so that features and logits of all sizes count alike. The
    strength of a pair is the sum over positions, averaged over the target's nodes in a graph, then
    over the graphs in which the target has a node.
    """
    groups = group_of(truth)
    outputs = [v.name for v in truth.variables if v.site == "logits"]
    names = list(dict.fromkeys(groups.values()))
    index = {name: i for i, name in enumerate(names)}
    total = torch.zeros(len(names), len(names), dtype=torch.float64)
    seen = torch.zeros(len(names), dtype=torch.float64)
    present = torch.zeros(len(names), dtype=torch.bool)
    features = known = 0
    for graph in graphs:
        group = _groups_of_nodes(graph, meanings, groups, outputs, index)
        features += len(graph.nodes.where("feature"))
        known += int((group[graph.nodes.where("feature")] >= 0).sum())
        strength, has = _one_graph(graph, group, len(names))
        total += strength
        seen += has
        present[group[group >= 0].unique()] = True
    shown = frozenset(names[i] for i in present.nonzero()[:, 0].tolist())
    strength = total / seen.clamp(min=1)
    return EdgeScores(tuple(names), strength, shown, known / max(features, 1))


def _groups_of_nodes(
    graph: Graph,
    meanings: Meanings,
    groups: Mapping[str, str],
    outputs: Sequence[str],
    index: Mapping[str, int],
) -> Int[Tensor, " nodes"]:
    """The variable of every node, -1 for none."""
    nodes = graph.nodes
    found = torch.full((len(nodes),), -1)
    if INPUT in index:
        found[nodes.where("token")] = index[INPUT]
    if outputs:
        found[nodes.where("logit")] = index[outputs[0]]
    for i in nodes.where("feature").tolist():
        name = meanings.variables.get((int(nodes.layer[i]), int(nodes.feature[i])))
        if name is not None:
            found[i] = index[groups[name]]
    return found


def _one_graph(
    graph: Graph, group: Int[Tensor, " nodes"], n: int
) -> tuple[Float[Tensor, "source target"], Float[Tensor, " target"]]:
    """Mean over each target's nodes, and which targets have one."""
    share, sources = _shares(graph, group)
    targets = group[graph.rows]
    by_source = torch.zeros(len(share), n + 1, dtype=torch.float64)
    by_source.index_add_(1, torch.where(sources >= 0, sources, n), share)
    both = torch.zeros(n + 1, n + 1, dtype=torch.float64)
    both.index_add_(0, torch.where(targets >= 0, targets, n), by_source)
    count = torch.bincount(targets[targets >= 0], minlength=n).double()
    return both[:n, :n].T / count.clamp(min=1), (count > 0).double()


def _shares(
    graph: Graph, group: Int[Tensor, " nodes"]
) -> tuple[Float[Tensor, "targets parts"], Int[Tensor, " parts"]]:
    """What every part of a graph gives to each target, as a share of all; and its variable.

    A part is all that stands for one variable at one position, or what stands for nothing of one
    kind, layer and position. Its edges are summed with their signs: what two features of one
    variable write against each other is not there.
    """
    nodes, columns = graph.nodes, graph.columns
    kept = torch.tensor([nodes.kind[i] != "unexpanded" for i in columns.tolist()])
    at = columns[kept]
    layer = torch.where(group[at] >= 0, -1, nodes.layer[at])
    kind = torch.where(group[at] >= 0, -1, nodes.kind_index[at])
    keys = torch.stack([group[at], kind, layer, nodes.position[at]])
    parts, of = torch.unique(keys, dim=1, return_inverse=True)
    net = torch.zeros(len(graph.rows), parts.shape[1], dtype=torch.float64)
    net.index_add_(1, of, graph.edges[:, kept].double())
    mass = net.abs().sum(1) + graph.unexpanded_mass.double()
    return net.abs() / mass.clamp(min=1e-30)[:, None], parts[0]


@dataclass(frozen=True)
class EdgeVerdict:
    """AUROC of the strengths of pairs, and of those of shuffled variables."""

    auroc: float
    shuffled: float
    """Mean over shuffles of the variables' names, over all pairs that are asked for. Near 0.5, not
    at it: pairs have variables in common, so their strengths are not exchangeable."""
    true: int
    pairs: int


def judge_edges(
    scores: EdgeScores, truth: Truth, n_layers: int, seed: int = 0, only_shown: bool = False
) -> EdgeVerdict | None:
    """Whether true edges of the circuit score above other pairs whose order permits an edge.

    All pairs of variables that can have nodes are asked for, the same for every dictionary; one
    whose end has no node scores 0, so graphs that show nothing are at chance, and an edge that
    jumps a variable is wrong. What no graph can show is left out: see `known_pairs`.

    Args:
        scores: of the graphs.
        truth: with edges.
        n_layers: of the model.
        seed: of the shuffles.
        only_shown: ask for pairs of variables that both have nodes alone; what jumps a variable
            without nodes is left out.

    Returns:
        None where all pairs are true, or none.

    Raises:
        MicrotomeError: the truth has no edges.
    """
    check_has_edges(truth)
    names, without = scores.names, nodeless(truth, scores.shown)
    asked_for = known_pairs(truth, scores.shown if only_shown else set(names) - without)
    asked = [
        i
        for i, name in enumerate(names)
        if name in scores.shown or (not only_shown and name not in without)
    ]
    pairs = [
        (i, j)
        for i, j in possible_pairs(truth, names, n_layers)
        if i in asked and j in asked and (names[i], names[j]) not in asked_for.unsure
    ]
    truths = torch.tensor([(names[i], names[j]) in asked_for.true for i, j in pairs])
    if not len(pairs) or bool(truths.all()) or not bool(truths.any()):
        return None
    rows, columns = torch.tensor(pairs).T
    generator = torch.Generator().manual_seed(seed)
    drawn = []
    for _ in range(SHUFFLES):
        order = torch.arange(len(names))
        order[asked] = order[asked][torch.randperm(len(asked), generator=generator)]
        drawn.append(auroc(scores.strength[order[rows], order[columns]], truths))
    found = auroc(scores.strength[rows, columns], truths)
    return EdgeVerdict(found, sum(drawn) / SHUFFLES, int(truths.sum()), len(pairs))


def check_has_edges(truth: Truth) -> None:
    """Refuse a truth that says nothing of a circuit.

    Raises:
        MicrotomeError: it has no edges.
    """
    if not truth.edges:
        raise MicrotomeError(
            f"the truth of {truth.specimen} has no edges, so graphs cannot be judged by it; name "
            f"a compiled circuit, such as specimen:reverse"
        )


def aurocs(
    scores: EdgeScores, truth: Truth, n_layers: int, seed: int
) -> tuple[dict[str, float], dict[str, float]]:
    """`auroc` over all edges and `auroc_shown` over pairs with nodes, where they are defined; and
    both with shuffled variables."""
    found, shuffled = {}, {}
    for key, only_shown in (("auroc", False), ("auroc_shown", True)):
        verdict = judge_edges(scores, truth, n_layers, seed, only_shown)
        if verdict is not None:
            found[key], shuffled[key] = verdict.auroc, verdict.shuffled
    return found, shuffled


def auroc(scores: Float[Tensor, " n"], truth: Tensor) -> float:
    """Chance that a true one scores above another, ties counting half (Mann and Whitney 1947)."""
    above = scores[truth][:, None] - scores[~truth]
    return float(((above > 0).double() + 0.5 * (above == 0).double()).mean())
