"""What jobs say about attention: the heads that carry an edge, the score of a query and a key."""

import re
from collections.abc import Callable

from torch import Tensor

from microtome.circuit import (
    Graph,
    LocalReplacement,
    LogitDifference,
    QKAttribution,
    head_split,
    qk_attribution,
)
from microtome.circuit.graph import Nodes
from microtome.errors import MicrotomeError
from microtome.model import LanguageModel, Site
from microtome.server.attention import (
    Carried,
    EdgeHeads,
    HeadScore,
    NodeName,
    ScoreKinds,
    ScorePair,
    ScorePart,
)
from microtome.server.schema import EdgeJob, ScoreJob

PARTS = 60
"""Heads and keys of an edge that are listed."""
SOURCES = 12
"""Of one side of a score."""
_DIFFERENCE = re.compile("“(.*)” − “(.*)”", re.DOTALL)

Label = Callable[[str, tuple[int, int]], str]
"""Words for a feature, by the node's name and by encoder and number."""


def split_edge(
    model: LanguageModel, replacement: LocalReplacement, graph: Graph, request: EdgeJob
) -> EdgeHeads:
    """The heads that carry an edge.

    Raises:
        MicrotomeError: no such node, or no edge between the two.
    """
    target, source = _node(graph, request.target), _node(graph, request.source)
    found = _DIFFERENCE.fullmatch(graph.nodes.label[target])
    directions = [LogitDifference(*found.groups())] if found else []
    split = head_split(model, replacement, graph, target, source, directions)
    top = split.top(PARTS)
    listed = sum(part.value for part in top)
    carried = int((split.heads != 0).sum())
    return EdgeHeads(
        source=request.source,
        target=request.target,
        edge=split.edge,
        direct=split.direct,
        position=int(graph.nodes.position[target]),
        parts=[Carried(layer=c.layer, head=c.head, key=c.key, value=c.value) for c in top],
        rest=float(split.heads.sum()) - listed if carried > len(top) else 0.0,
        unlisted=carried - len(top),
        total=split.total,
    )


def _node(graph: Graph, name: str) -> int:
    for i in range(len(graph.nodes)):
        if graph.nodes.name(i) == name:
            return i
    raise MicrotomeError(f"the graph has no node {name}")


def explain_score(
    model: LanguageModel, replacement: LocalReplacement, request: ScoreJob, label: Label
) -> HeadScore:
    """Why a head looks from a query at a key.

    Raises:
        MicrotomeError: no such head or position, or the query does not see the key.
    """
    why = qk_attribution(
        model,
        replacement,
        request.layer,
        request.head,
        request.query,
        request.key,
        request.against,
    )
    names = _Names(why.sources, label)
    pairs = [
        ScorePair(query=names(pair.query), key=names(pair.key), value=pair.value)
        for pair in why.top(request.top)
    ]
    site = Site("attn.pattern", why.layer)  # the frozen one has the norms' scales in it
    pattern = model.capture(replacement.tokens[None], [site])[site][0, why.head, why.query]
    return HeadScore(
        layer=why.layer,
        head=why.head,
        query=why.query,
        key=why.key,
        against=why.against,
        score=why.score,
        total=why.total,
        pattern=[round(value, 6) for value in pattern.tolist()],
        pairs=pairs,
        rest=why.total - sum(pair.value for pair in pairs),
        by_kind=_kinds(why),
        by_query=_parts(why.by_query, names),
        by_key=_parts(why.by_key, names),
    )


def _kinds(why: QKAttribution) -> list[ScoreKinds]:
    """The largest first; those that give nothing are left out."""
    rows = sorted(why.by_kind.items(), key=lambda row: -abs(row[1]))
    return [ScoreKinds(query=q, key=k, value=value) for (q, k), value in rows if value]


def _parts(values: Tensor, names: "_Names") -> list[ScorePart]:
    best = values.abs().argsort(descending=True, stable=True)[:SOURCES].tolist()
    return [ScorePart(node=names(i), value=float(values[i])) for i in best if float(values[i])]


class _Names:
    def __init__(self, nodes: Nodes, label: Label):
        self._nodes, self._label = nodes, label

    def __call__(self, i: int) -> NodeName:
        nodes, name, label = self._nodes, self._nodes.name(i), self._nodes.label[i]
        if nodes.kind[i] == "feature":
            label = self._label(name, (int(nodes.layer[i]), int(nodes.feature[i])))
        return NodeName(id=name, kind=nodes.kind[i], label=label)
