"""Grouping the features of a pruned graph into supernodes."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from microtome.atlas.query import Atlas
from microtome.circuit.prune import Pruned
from microtome.circuit.state import state_of
from microtome.circuit.supernode.cluster import Labels, linkage_groupings, numbered
from microtome.circuit.supernode.collapse import Collapsed, collapse
from microtome.circuit.supernode.flow import Flow, flow_of
from microtome.circuit.supernode.keep import by_hand, in_graph, is_automatic, merged_state
from microtome.circuit.supernode.likeness import likeness
from microtome.circuit.supernode.name import group_name
from microtome.circuit.supernode.quality import Quality, excess, quality
from microtome.circuit.view import ViewState
from microtome.dictionary import Dictionary
from microtome.errors import MicrotomeError

_CUTS = 60
"""Numbers of groups that are tried, at most; the fewer groups, the closer together."""
_DRAWS = 16
"""Random groupings for each of them."""


@dataclass(frozen=True)
class GroupOptions:
    groups: int | None = None
    """How many groups, those of one feature included; that of highest quality by default."""
    across_positions: bool = False
    """Whether features at different positions may be in one group."""


@dataclass(frozen=True)
class Group:
    """Nodes with one role."""

    label: str
    members: tuple[int, ...]
    """Indices of nodes in the graph, by position, layer, feature."""
    influence: float
    """Sum of its members'."""
    by_hand: bool = False
    """Made or changed by a person: it stays as it is."""


@dataclass(frozen=True)
class Grouping:
    """Every feature of a pruned graph in a group; features with a role of their own are alone."""

    pruned: Pruned
    groups: tuple[Group, ...]
    """Those made by hand first, then from the largest influence down."""
    flow: Flow
    options: GroupOptions = field(default_factory=GroupOptions)

    @property
    def supernodes(self) -> tuple[Group, ...]:
        """Groups of several features, and those made by hand."""
        return tuple(g for g in self.groups if len(g.members) > 1 or g.by_hand)

    @cached_property
    def labels(self) -> Labels:
        """Group of every feature of `flow`, numbered from 0."""
        at = {node: i for i, group in enumerate(self.groups) for node in group.members}
        return np.array([at[int(node)] for node in self.flow.nodes[: self.flow.n_features]], int)

    @cached_property
    def quality(self) -> Quality:
        """See `microtome.circuit.supernode.quality`."""
        return quality(self.flow, self.labels)

    @cached_property
    def graph(self) -> Collapsed:
        """Edges between supernodes; see `microtome.circuit.supernode.collapse`."""
        return collapse(self.pruned, [(group.label, group.members) for group in self.groups])

    def state(self, before: ViewState | None = None) -> ViewState:
        """What a reader sees, with these supernodes: groups that people made stay, those that an
        earlier grouping made and nobody changed are replaced.

        Args:
            before: what was saved with the graph.
        """
        nodes = self.pruned.graph.nodes
        made = [
            (group.label, [nodes.name(i) for i in group.members])
            for group in self.supernodes
            if not group.by_hand
        ]
        return merged_state(before or state_of(self.pruned.graph) or ViewState(), made)


def group(
    pruned: Pruned,
    dictionary: Dictionary | None = None,
    atlas: Atlas | None = None,
    options: GroupOptions | None = None,
    state: ViewState | None = None,
) -> Grouping:
    """Group the features of a pruned graph by role.

    Ward linkage (Ward 1963, "Hierarchical Grouping to Optimize an Objective Function") of profiles,
    geometry and statistics, cut where `Quality.value` is highest. The same, bit for bit, in every
    run and for every order of the graph's nodes.

    Args:
        pruned: from `prune`.
        dictionary: the graph's; adds the geometry of encoders and decoders.
        atlas: of that dictionary; adds statistics and labels. Without one the graph's labels name
            the groups.
        options: how many groups, and whether across positions.
        state: what was saved with the graph: groups made by hand there stay as they are. By default
            what the graph's own file says.

    Raises:
        MicrotomeError: a dictionary or an atlas other than the graph's, or as many groups as the
            graph cannot have.
    """
    options = options or GroupOptions()
    flow, graph = flow_of(pruned), pruned.graph
    features = [int(node) for node in flow.nodes[: flow.n_features]]
    hand = by_hand(graph, state or state_of(graph))
    taken = {node for _, members in hand for node in members}
    free = np.array([i for i, node in enumerate(features) if node not in taken], dtype=int)
    alike = likeness(flow, graph, dictionary, atlas)[np.ix_(free, free)]
    place = flow.position[free]
    kinds = np.zeros_like(place) if options.across_positions else place
    labels = np.empty(len(features), dtype=int)
    for number, (_, members) in enumerate(hand):
        labels[[i for i, node in enumerate(features) if node in members]] = number
    candidates = []
    for cut in linkage_groupings(alike, kinds):
        found = labels.copy()
        found[free] = len(hand) + cut
        candidates.append(found)
    chosen = _choose(flow, candidates, options.groups)
    inside = [[features[i] for i in free if chosen[i] == g] for g in np.unique(chosen[free])]
    named = _names(pruned, flow, inside, atlas)
    made = [
        Group(label, tuple(members), _influence(flow, members))
        for label, members in zip(named, inside, strict=True)
    ]
    made.sort(key=lambda g: (-g.influence, features.index(g.members[0])))
    theirs = [Group(name, nodes, _influence(flow, nodes), True) for name, nodes in hand]
    return Grouping(pruned, (*theirs, *made), flow, options)


def saved_groups(pruned: Pruned, state: ViewState | None = None) -> Grouping | None:
    """The groups that are saved with a graph, as they are; None where `group` made none of them.

    Features of the pruned graph that are in none are alone.

    Args:
        pruned: from `prune`.
        state: what was saved; by default what the graph's own file says.
    """
    graph = pruned.graph
    state = state or state_of(graph)
    if state is None or not any(map(is_automatic, state.supernodes)):
        return None
    flow = flow_of(pruned)
    saved = [
        Group(label, nodes, _influence(flow, nodes))
        for label, nodes in in_graph(graph, state.supernodes)
    ]
    taken = {node for one in saved for node in one.members}
    alone = [[int(i)] for i in flow.nodes[: flow.n_features] if int(i) not in taken]
    names = _names(pruned, flow, alone, None)
    single = [
        Group(label, tuple(members), _influence(flow, members))
        for label, members in zip(names, alone, strict=True)
    ]
    return Grouping(pruned, (*saved, *single), flow)


def _choose(flow: Flow, cuts: list[Labels], wanted: int | None) -> Labels:
    if wanted is not None:
        numbers = [len(np.unique(cut)) for cut in cuts]
        if wanted not in numbers:
            raise MicrotomeError(
                f"the graph's features cannot be in {wanted} groups; {min(numbers)} to "
                f"{max(numbers)} are possible"
            )
        return cuts[numbers.index(wanted)]
    steps = np.geomspace(1, len(cuts), min(_CUTS, len(cuts)))
    tried = [cuts[len(cuts) - int(i)] for i in np.unique(np.round(steps))]
    values = [excess(flow, numbered(cut), _DRAWS) for cut in tried]
    return tried[int(np.argmax(np.round(values, 9)))]


def _influence(flow: Flow, members: Iterable[int]) -> float:
    through = dict(zip(flow.nodes.tolist(), flow.through.tolist(), strict=True))
    return sum(through.get(i, 0.0) for i in members)


def _names(pruned: Pruned, flow: Flow, groups: list[list[int]], atlas: Atlas | None) -> list[str]:
    nodes = pruned.graph.nodes
    labels = {i: nodes.label[i] for members in groups for i in members}
    if atlas is not None:
        encoders = {encoder.layer: i for i, encoder in enumerate(atlas.content.encoders)}
        for i in labels:
            known = atlas.row(encoders[int(nodes.layer[i])], int(nodes.feature[i])).label
            labels[i] = known or labels[i]
    return [
        group_name(
            [labels[i] for i in members],
            [_influence(flow, [i]) for i in members],
            [nodes.name(i) for i in members],
        )
        for members in groups
    ]


def with_groups(grouping: Grouping, labels: Labels) -> Grouping:
    """The same features in other groups, without names: a control."""
    features = grouping.flow.nodes[: grouping.flow.n_features]
    groups = []
    for number in np.unique(labels):
        members = tuple(int(node) for node in features[labels == number])
        groups.append(Group(f"group {number}", members, _influence(grouping.flow, members)))
    return replace(grouping, groups=tuple(groups))
