"""Which pairs of variables a graph with frozen attention patterns should join, and which not."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from microtome.model import Site
from microtome.specimen.score.labels import place
from microtome.specimen.score.matching import INPUT, group_of
from microtome.specimen.truth import ENDS, Truth

Pair = tuple[str, str]


@dataclass(frozen=True)
class KnownPairs:
    """What the circuit says of pairs of variables, of which some have nodes."""

    true: frozenset[Pair]
    """A value goes from one to the other."""
    unsure: frozenset[Pair]
    """Joined in a way that no edge of a graph says to be right or wrong."""


def known_pairs(truth: Truth, shown: Collection[str]) -> KnownPairs:
    """Pairs by the true circuit, for graphs that have nodes for some of its variables.

    Nodes of a graph are what MLPs write, with tokens at one end and logits at the other. What
    attention writes lies on the edges between them: a pair is true where edges that carry a value
    lead from one to the other, directly or through such variables. A pair that is joined in any
    other way is unsure: by a selection, which frozen attention patterns cannot show, or through
    variables that should have a node and have none, which a graph then jumps. So is a token with
    what depends on its position alone: positions are in a graph's bias, in some models (llama) in
    its tokens.

    Args:
        truth: with edges.
        shown: names that have a node.
    """
    groups = group_of(truth)
    without = nodeless(truth, shown)
    hidden = set(groups.values()) - set(shown)
    carrying = {(groups[e.source], groups[e.target]) for e in truth.edges if e.via != "selection"}
    joined = carrying | {(groups[e.source], groups[e.target]) for e in truth.edges}
    true = reached_pairs(carrying, without)
    reached = reached_pairs(joined, hidden)
    positions = {groups[v.name] for v in truth.variables if v.site == "embed"} & without
    reached |= {(INPUT, target) for source, target in reached if source in positions}
    return KnownPairs(frozenset(true), frozenset(reached - true))


def nodeless(truth: Truth, shown: Collection[str]) -> set[str]:
    """Variables that can have no node, unless one is called after them: what attention writes, and
    what is embedded of positions."""
    groups = group_of(truth)
    found = {groups[v.name] for v in truth.variables if v.site == "embed" or _of_attention(v.site)}
    return found - {INPUT, *shown}


def _of_attention(site: str) -> bool:
    return site not in ENDS and Site.parse(site).kind in ("attn.head.out", "attn.out", "resid.mid")


def reached_pairs(steps: set[Pair], through: Collection[str]) -> set[Pair]:
    """Pairs that a path of steps joins whose inner names are all in `through`."""
    after: dict[str, set[str]] = {}
    for source, target in steps:
        after.setdefault(source, set()).add(target)
    found = set()
    for name in after:
        reached: set[str] = set()
        ahead = list(after[name])
        while ahead:
            at = ahead.pop()
            if at not in reached:
                reached.add(at)
                ahead += after.get(at, ()) if at in through else ()
        found |= {(name, at) for at in reached if at != name}
    return found


def possible_pairs(truth: Truth, names: Sequence[str], n_layers: int) -> list[tuple[int, int]]:
    """Pairs whose order of sites permits an edge: what is written earlier, what is later."""
    groups = group_of(truth)
    at: dict[str, tuple[int, int]] = {}
    for v in truth.variables:
        where = place(v.site, n_layers)
        at[groups[v.name]] = max(at.get(groups[v.name], where), where)
    n = range(len(names))
    return [(i, j) for i in n for j in n if at[names[i]] < at[names[j]]]
